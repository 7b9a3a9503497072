import { setTimeout as sleep } from 'node:timers/promises';
import { ExecutionDoesNotExist, InvalidArn } from '@aws-sdk/client-sfn';
import { isPassing } from '../aws-failure.ts';
import { UserError } from '../exit-codes.ts';

/** How long a watcher goes on without an answer: a laptop changes its network, or sleeps. */
const outageMs = 5 * 60_000;
/** How long an execution that was started a moment ago may be unknown. */
const unknownMs = 5_000;

/** Milliseconds of a watcher's rhythm. */
export interface Pace {
  /** Between two looks. Step Functions tells a client nothing by itself. */
  readonly lookMs: number;
  /** Before the same look again, where it failed. */
  readonly pauseMs: number;
}

/** Repeats what failed for a passing reason, and tells when AWS is out of reach and back again. */
export class Patience {
  readonly #watcher: { reachable?(isReachable: boolean): void };
  readonly #pauseMs: number;
  readonly #signal: AbortSignal | undefined;

  constructor(
    watcher: { reachable?(isReachable: boolean): void },
    { pauseMs }: Pace,
    signal?: AbortSignal,
  ) {
    this.#watcher = watcher;
    this.#pauseMs = pauseMs;
    this.#signal = signal;
  }

  /**
   * Does one thing, if need be again and again for some minutes.
   *
   * @throws UserError where there is no such execution.
   */
  async with<Answer>(look: () => Promise<Answer>): Promise<Answer> {
    const since = performance.now();
    let told = false;
    for (;;) {
      try {
        const answer = await look();
        if (told) this.#watcher.reachable?.(true);
        return answer;
      } catch (error) {
        const waited = performance.now() - since;
        if (error instanceof ExecutionDoesNotExist && waited < unknownMs) {
          await this.#pause();
          continue;
        }
        if (!isPassing(error) || waited >= outageMs) throw noExecution(error) ?? error;
        if (!told) this.#watcher.reachable?.(false);
        told = true;
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return sleep(this.#pauseMs, undefined, { signal: this.#signal });
  }
}

function noExecution(cause: unknown): UserError | undefined {
  const isUnknown = cause instanceof ExecutionDoesNotExist || cause instanceof InvalidArn;
  return isUnknown ? new UserError('badInput', 'there is no such execution', { cause }) : undefined;
}
