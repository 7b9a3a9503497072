import type { Failure } from './failure.ts';
import type { Retrier } from './model.ts';

/** Whether a rule of Retry or Catch that names these errors applies to a failure. */
export function matchesError(errorEquals: readonly string[], { error, alias }: Failure): boolean {
  return errorEquals.some((name) => {
    if (name === 'States.ALL') return true;
    if (name === 'States.TaskFailed') return error !== 'States.Timeout';
    return name === error || name === alias;
  });
}

/**
 * Counts the attempts of one stay in a state.
 *
 * The first retrier that names the failure decides; when its attempts are used up, later ones are not asked.
 */
export class RetryPolicy {
  readonly #retriers: readonly Retrier[];
  readonly #attempts = new Map<Retrier, number>();
  readonly #random: () => number;

  constructor(retriers: readonly Retrier[], random: () => number) {
    this.#retriers = retriers;
    this.#random = random;
  }

  /** How long to wait before the next attempt, in milliseconds; undefined when there is none. */
  nextDelayMs(failure: Failure): number | undefined {
    const retrier = this.#retriers.find(({ ErrorEquals }) => matchesError(ErrorEquals, failure));
    if (!retrier) return undefined;
    const attempt = this.#attempts.get(retrier) ?? 0;
    if (attempt >= retrier.MaxAttempts) return undefined;
    this.#attempts.set(retrier, attempt + 1);

    const backoff = retrier.IntervalSeconds * retrier.BackoffRate ** attempt;
    const seconds = Math.min(backoff, retrier.MaxDelaySeconds ?? Infinity);
    return seconds * 1000 * (retrier.JitterStrategy === 'FULL' ? this.#random() : 1);
  }
}
