import type { Outcome } from '../../asl/drive.ts';
import type { Execution, Past } from '../../asl/execution.ts';
import type { HistoryEvent } from '../../asl/history.ts';
import { detailsOf } from './history-event.ts';

const statuses: Readonly<Record<string, Outcome['status']>> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionTimedOut: 'TIMED_OUT',
  ExecutionAborted: 'ABORTED',
};

/** How an execution ended, as its last event says; undefined while it runs. */
export function outcomeOf(events: readonly HistoryEvent[]): Outcome | undefined {
  const last = events.at(-1);
  const status = statuses[last?.type ?? ''];
  if (last === undefined || status === undefined) return undefined;
  const { output, error, cause } = detailsOf(last) ?? {};
  return { status, output: text(output), error: text(error), cause: text(cause) };
}

/** An execution of which only its past is left: it ended before this process began, or cannot go on. */
export function settledExecution({ inputs, events }: Past): Execution {
  const nothing = (): void => undefined;
  const redrives = inputs.filter(({ kind }) => kind === 'redrive');
  const last = redrives.at(-1);
  return {
    history: events,
    done: new Promise<Outcome>(nothing),
    live: Promise.resolve(),
    redrives: { count: redrives.length, ...(last && { time: new Date(last.atMs) }) },
    ...{ abort: nothing, timeOut: nothing, redrive: nothing, drop: nothing },
  };
}

/** The event that ends an execution of which the past is refused. */
export function refusalOf({ events }: Past, cause: string, timestamp: Date): HistoryEvent {
  const lastId = events.at(-1)?.id ?? 0;
  return {
    ...{ id: lastId + 1, previousEventId: lastId, timestamp, type: 'ExecutionFailed' },
    executionFailedEventDetails: { error: 'States.Runtime', cause },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
