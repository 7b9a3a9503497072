import type { Clock } from '../clock.ts';
import type { Failure } from './failure.ts';
import type { TaskLimits } from './task-events.ts';
import type { Ticket } from './task-tokens.ts';

/**
 * A Task ran longer than TimeoutSeconds, or was silent for longer than HeartbeatSeconds.
 *
 * AWS reports both as `States.Timeout`; the second can also be caught as `States.HeartbeatTimeout`.
 */
export class TaskOverdueError extends Error {
  override readonly name = 'TaskOverdueError';
  readonly failure: Failure;

  constructor(limit: 'timeout' | 'heartbeat') {
    super(`the task exceeded its ${limit}`);
    this.failure = {
      error: 'States.Timeout',
      ...(limit === 'heartbeat' && { alias: 'States.HeartbeatTimeout' }),
    };
  }
}

/** Promises that reject with TaskOverdueError when a limit passes, and when `signal` aborts. */
export function deadlines(
  { timeoutSeconds, heartbeatSeconds }: TaskLimits,
  ticket: Ticket | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<never>[] {
  const all: Promise<never>[] = [];
  if (timeoutSeconds !== undefined) all.push(timeout(timeoutSeconds * 1000, clock, signal));
  if (heartbeatSeconds !== undefined)
    all.push(silence(heartbeatSeconds * 1000, ticket, clock, signal));
  return all;
}

async function timeout(ms: number, clock: Clock, signal: AbortSignal): Promise<never> {
  await clock.sleep(ms, signal);
  throw new TaskOverdueError('timeout');
}

/** A task without a token has no way to send a heartbeat, so its whole run must fit. */
async function silence(
  ms: number,
  ticket: Ticket | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<never> {
  const started = clock.now().getTime();
  for (;;) {
    const lastHeard = Math.max(started, ticket?.lastHeartbeat().getTime() ?? 0);
    const left = lastHeard + ms - clock.now().getTime();
    if (left <= 0) throw new TaskOverdueError('heartbeat');
    await clock.sleep(left, signal);
  }
}
