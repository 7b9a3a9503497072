/** Lets at most so many of each kind work at once; the others wait in the order in which they came. */
export class Turns {
  readonly #most: number;
  readonly #busy = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(most: number) {
    this.#most = most;
  }

  async during<T>(kind: string, work: () => Promise<T>): Promise<T> {
    await this.#begin(kind);
    try {
      return await work();
    } finally {
      this.#end(kind);
    }
  }

  #begin(kind: string): Promise<void> {
    const busy = this.#busy.get(kind) ?? 0;
    if (busy < this.#most) {
      this.#busy.set(kind, busy + 1);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(kind);
      if (waiting === undefined) this.#waiting.set(kind, [resolve]);
      else waiting.push(resolve);
    });
  }

  #end(kind: string): void {
    const next = this.#waiting.get(kind)?.shift();
    // A turn that is handed on stays taken.
    if (next === undefined) this.#busy.set(kind, (this.#busy.get(kind) ?? 1) - 1);
    else next();
  }
}
