import type { Iteration } from './chain.ts';
import { BranchCutError, ExecutionFatalError } from './failure.ts';
import type { BranchProgress } from './progress.ts';
import { Variables, type Frame } from './runtime.ts';

/**
 * The branches of a Parallel, or the iterations of a Map, of which the first to fail cuts the others.
 */
export class Fork {
  readonly #parent: Frame;
  readonly #cut = new AbortController();
  #failed: { readonly error: unknown } | undefined;

  constructor(parent: Frame) {
    this.#parent = parent;
  }

  /** How far a branch has come that has yet to begin. */
  begin(startedId: number): BranchProgress {
    const progress = { variables: new Variables(this.#parent.progress.variables) };
    return { progress, startedId };
  }

  /** Makes the frame of one branch. */
  branch(
    { progress, startedId }: BranchProgress,
    map?: { iteration: Iteration; item: Frame['mapItem'] },
  ): Frame {
    return {
      chain: this.#parent.chain.fork(startedId, map?.iteration),
      progress,
      signal: AbortSignal.any([this.#parent.signal, this.#cut.signal]),
      mapItem: map?.item ?? this.#parent.mapItem,
    };
  }

  /** Runs work inside a branch; its failure is recorded, cuts every other branch and is thrown by `join`. */
  async run<T>(frame: Frame, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#fail(frame, error);
      throw error;
    }
  }

  /** Waits for all branches. @throws the first failure, after every branch has stopped. */
  async join<T>(branches: readonly Promise<T>[]): Promise<T[]> {
    const settled = await Promise.allSettled(branches);
    if (this.#failed) throw this.#failed.error;
    return settled.map((branch) => {
      if (branch.status === 'rejected') throw branch.reason;
      return branch.value;
    });
  }

  #fail(frame: Frame, error: unknown): void {
    if (this.#failed) return;
    this.#failed = { error };
    const { chain } = this.#parent;
    if (error instanceof ExecutionFatalError) {
      chain.last = frame.chain.last;
      chain.closeBranches();
    } else if (!(error instanceof BranchCutError)) {
      this.#record(frame);
    }
    this.#cut.abort(new BranchCutError());
  }

  /** Writing these events may itself reach the limit of the history, which then is the failure. */
  #record(frame: Frame): void {
    try {
      this.#parent.chain.failBranch(frame.chain);
    } catch (error) {
      this.#failed = { error };
      this.#parent.chain.last = frame.chain.last;
      this.#parent.chain.closeBranches();
    }
  }
}
