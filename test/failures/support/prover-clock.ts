import { type Clock, systemClock } from '../../../local/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** How often the clock looks whether anything is going on, and how long nothing must be. */
const lookMs = 4;
const looksToBeIdle = 3;

/**
 * The machine's time, as long as anything is going on. While nothing is, it jumps to the next moment
 * that somebody waits for: an hour of retries passes in a second, and in the same order.
 *
 * What is going on is asked of `isBusy`: processes that work do so at their own pace.
 */
export class ProverClock implements Clock {
  #aheadMs = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly #isBusy: () => boolean;
  #idleLooks = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /** Milliseconds that were jumped over so far. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  now(): Date {
    return new Date(systemClock.now().getTime() + this.#aheadMs);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const cut = new AbortController();
    const sleeper: Sleeper = {
      dueMs: this.now().getTime() + ms,
      wake: () => {
        this.#sleepers.delete(sleeper);
        cut.abort();
        resolve(undefined);
      },
    };
    this.#sleepers.add(sleeper);
    const both = signal === undefined ? cut.signal : AbortSignal.any([cut.signal, signal]);
    systemClock.sleep(ms, both).then(sleeper.wake, () => {
      this.#sleepers.delete(sleeper);
      // After `wake` the promise is settled, and this is lost.
      reject(signal?.reason instanceof Error ? signal.reason : new Error('the wait was aborted'));
    });
    return promise;
  }

  /** Lets time jump, until {@link walk}. */
  run(): void {
    this.#timer ??= setInterval(() => this.#look(), lookMs);
  }

  /** Lets time go at its own pace. */
  walk(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#idleLooks = this.#isBusy() ? 0 : this.#idleLooks + 1;
    if (this.#idleLooks < looksToBeIdle) return;
    this.#idleLooks = 0;
    const next = [...this.#sleepers].reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.dueMs < first.dueMs ? sleeper : first),
      undefined,
    );
    if (next === undefined) return;
    this.pass(next.dueMs - this.now().getTime());
  }

  /** Lets some milliseconds pass at once; who is due on the way wakes, in order. */
  pass(ms: number): void {
    this.#aheadMs += Math.max(0, ms);
    const now = this.now().getTime();
    const due = [...this.#sleepers].filter(({ dueMs }) => dueMs <= now);
    for (const { wake } of due.toSorted((one, other) => one.dueMs - other.dueMs)) wake();
  }
}
