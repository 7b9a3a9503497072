import { setTimeout as delay } from 'node:timers/promises';

/**
 * Where the embedded cloud gets the time and waits for it.
 *
 * Everything that ages, times out or retries takes one of these, so a test can let an hour pass at once.
 */
export interface Clock {
  now(): Date;
  /**
   * Resolves after `ms` milliseconds, at once when `ms` is zero or negative.
   *
   * Rejects with the signal's reason when the signal aborts first.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node's timers hold 31 bits of milliseconds; anything longer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      for (let left = ms; left > 0; left -= LONGEST_TIMER_MS) {
        await delay(Math.min(left, LONGEST_TIMER_MS), undefined, { signal });
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/**
 * Time that stands still until a test moves it.
 *
 * Timers fire in the order in which they are due, ties in the order in which they were set, and whatever
 * they wake runs to its next wait before the next one fires. Only promises are waited for: code that does
 * real input or output in between needs the system clock.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(start = new Date('2026-01-01T00:00:00.000Z')) {
    this.#nowMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#timers.delete(timer);
        reject(reasonOf(signal));
      };
      const timer: Timer = {
        dueMs: this.#nowMs + ms,
        fire: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#timers.add(timer);
    });
  }

  /** Lets `ms` milliseconds pass, firing every timer due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(); next && next.dueMs <= end; next = this.#next()) {
      await this.#fire(next);
    }
    this.#nowMs = end;
  }

  /** Fires timers, however far in the future, until none is left. */
  async runUntilIdle(): Promise<void> {
    await settle();
    for (let next = this.#next(); next; next = this.#next()) await this.#fire(next);
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || timer.dueMs < first.dueMs) first = timer;
    return first;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#nowMs = timer.dueMs;
    timer.fire();
    await settle();
  }
}

/** Waits until every promise that can settle without time or I/O has done so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('the wait was aborted', { cause: reason });
}
