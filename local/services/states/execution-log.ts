import { randomUUID } from 'node:crypto';
import type { HistoryEvent } from '../../asl/history.ts';
import type { LogSink } from '../lambda/log-sink.ts';
import { detailsOf, withoutData } from './history-event.ts';
import type { DeclaredStateMachine, Logging } from './state-machine.ts';

/** Which events each level writes. */
const isLogged: Readonly<Record<Logging['level'], (type: string) => boolean>> = {
  ALL: () => true,
  ERROR: (type) => /(Aborted|Failed|TimedOut)$/.test(type) || type === 'FailStateEntered',
  FATAL: (type) => /^Execution(Aborted|Failed|TimedOut)$/.test(type),
  OFF: () => false,
};

/**
 * Makes what writes an execution's events, from the given redrive on, to the log group of its state machine.
 *
 * @see AWS Step Functions Developer Guide, "Using CloudWatch Logs to log execution history"
 */
export function executionLog(
  { logging, name }: DeclaredStateMachine,
  executionArn: string,
  started: Date,
  redriveCount: number,
  sink: LogSink,
): (event: HistoryEvent) => void {
  const { level, logGroupArn, includeExecutionData } = logging;
  const group = logGroupArn?.split(':')[6];
  if (group === undefined || level === 'OFF') return () => undefined;
  const minute = started.toISOString().slice(0, 16).replace(/[T:]/g, '-');
  const stream = `states/${name}/${minute}/${randomUUID().slice(0, 8)}`;
  let redrives = redriveCount;
  return (event) => {
    if (event.type === 'ExecutionRedriven') redrives += 1;
    if (!isLogged[level](event.type)) return;
    const line = {
      id: String(event.id),
      type: event.type,
      details: detailsOf(includeExecutionData ? event : withoutData(event)) ?? {},
      redrive_count: String(redrives),
      previous_event_id: String(event.previousEventId),
      event_timestamp: String(event.timestamp.getTime()),
      execution_arn: executionArn,
    };
    sink.append(group, stream, JSON.stringify(line), event.timestamp);
  };
}
