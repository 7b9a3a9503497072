import type { Execution, Outcome } from '../../asl/execution.ts';
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

/** An execution of which only its history is left: it ended before this process began, or cannot go on. */
export function settledExecution(history: readonly HistoryEvent[]): Execution {
  const nothing = (): void => undefined;
  const done = new Promise<Outcome>(nothing);
  return {
    history,
    done,
    live: Promise.resolve(),
    abort: nothing,
    timeOut: nothing,
    drop: nothing,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
