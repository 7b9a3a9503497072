/** What is looked at again and again. */
export interface Polled<View> {
  look(): Promise<View>;
  /** Two views of one version look the same. */
  versionOf(view: View): string;
  /** Whether nothing changes any more. */
  hasEnded(view: View): boolean;
}

/** Milliseconds between two looks: the first after a change, and the most where nothing changes. */
export interface Pace {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** What a viewer is told. */
export type Update<View> =
  | { readonly kind: 'seen'; readonly view: View }
  | { readonly kind: 'ended'; readonly view: View }
  | { readonly kind: 'trouble'; readonly error: unknown };

/** Waits; ends early, without an error, when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** With nothing new, or no answer at all, each pause is longer than the one before. */
const growth = 1.5;

/**
 * Looks at one thing for all its viewers together. Step Functions tells a laptop nothing by itself.
 *
 * It looks only while somebody views, less and less often while nothing changes, and not again after
 * the end. A viewer who is slow misses what was in between, never the last.
 */
export class SharedPoll<View> {
  readonly #polled: Polled<View>;
  readonly #pace: Pace;
  readonly #sleep: Sleep;
  readonly #viewers = new Set<() => void>();
  #latest: Update<View> | undefined;
  #number = 0;
  #runs = false;
  #pause = new AbortController();

  constructor(polled: Polled<View>, pace: Pace, sleep: Sleep) {
    this.#polled = polled;
    this.#pace = pace;
    this.#sleep = sleep;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** What is seen from now on, until the end or until the signal aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<Update<View>, void> {
    // What an earlier loop saw last may be old.
    let told = this.#runs ? 0 : this.#number;
    let wake = (): void => undefined;
    const viewer = (): void => wake();
    this.#viewers.add(viewer);
    signal.addEventListener('abort', viewer);
    if (!this.#runs) void this.#run();
    try {
      while (!signal.aborted) {
        if (this.#latest !== undefined && this.#number > told) {
          told = this.#number;
          const update = this.#latest;
          yield update;
          if (update.kind === 'ended') return;
        } else {
          await new Promise<void>((resolve) => (wake = resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', viewer);
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.#pause.abort();
    }
  }

  async #run(): Promise<void> {
    this.#runs = true;
    const { leastMs, mostMs } = this.#pace;
    let pauseMs = leastMs;
    let version: string | undefined;
    while (this.#viewers.size > 0) {
      try {
        const view = await this.#polled.look();
        const seen = this.#polled.versionOf(view);
        const hasEnded = this.#polled.hasEnded(view);
        const isNew = seen !== version;
        version = seen;
        if (isNew || hasEnded) this.#tell({ kind: hasEnded ? 'ended' : 'seen', view });
        if (hasEnded) break;
        pauseMs = isNew ? leastMs : Math.min(pauseMs * growth, mostMs);
      } catch (error) {
        // Told again each time: a viewer may have come in between.
        this.#tell({ kind: 'trouble', error });
        version = undefined;
        pauseMs = Math.min(pauseMs * growth, mostMs);
      }
      this.#pause = new AbortController();
      if (this.#viewers.size > 0) await this.#sleep(pauseMs, this.#pause.signal);
    }
    this.#runs = false;
  }

  #tell(update: Update<View>): void {
    this.#latest = update;
    this.#number += 1;
    for (const viewer of [...this.#viewers]) viewer();
  }
}
