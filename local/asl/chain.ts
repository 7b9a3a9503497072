import { BranchCutError } from './failure.ts';
import type { EventDetails, History, HistoryEvent } from './history.ts';

/** The iteration of a Map that a chain belongs to, as its events name it. */
export interface Iteration {
  readonly name: string;
  readonly index: number;
}

/** State types for which AWS has an `…StateAborted` event. */
const ABORTABLE = new Set(['Task', 'Wait', 'Map', 'Parallel']);

/**
 * One line of `previousEventId`s through a history: the execution itself, a Parallel branch or a Map iteration.
 *
 * An event normally points at the last one of its chain and becomes the last. Some are recorded *aside*: they
 * point there too, but the next event does not point at them (`MapStateSucceeded`, `MapIterationFailed`,
 * `…Aborted`). This follows the recorded histories.
 */
export class Chain {
  /** The event the next one points at. The first state points at 0, not at `ExecutionStarted`. */
  last: number;
  readonly #history: History;
  readonly #parent: Chain | undefined;
  readonly #iteration: Iteration | undefined;
  readonly #children = new Set<Chain>();
  #state: { readonly type: string; readonly entered: HistoryEvent } | undefined;
  #closed = false;

  constructor(
    history: History,
    options: { parent?: Chain; from?: number; iteration?: Iteration } = {},
  ) {
    this.#history = history;
    this.#parent = options.parent;
    this.#iteration = options.iteration;
    this.last = options.from ?? 0;
  }

  /** Starts a branch of this chain. */
  fork(from: number, iteration?: Iteration): Chain {
    const child = new Chain(this.#history, { parent: this, from, iteration });
    this.#children.add(child);
    return child;
  }

  /** @throws BranchCutError once this chain, or one it branched from, was closed. */
  add(type: string, details?: EventDetails): HistoryEvent {
    const event = this.addAside(type, details);
    this.last = event.id;
    return event;
  }

  addAside(type: string, details?: EventDetails): HistoryEvent {
    if (this.#isClosed()) throw new BranchCutError();
    return this.#history.append(type, this.last, details);
  }

  enterState(type: string, details: EventDetails): HistoryEvent {
    const entered = this.add(`${type}StateEntered`, details);
    this.#state = { type, entered };
    return entered;
  }

  /** Goes on with a stay in a state that a redrive did not enter anew. */
  resumeState(type: string, entered: HistoryEvent): void {
    this.last = entered.id;
    this.#state = { type, entered };
  }

  exitState(type: string, details: EventDetails): void {
    this.add(`${type}StateExited`, details);
    this.#state = undefined;
  }

  /** An expression that fails before its state did anything points past the state's own Entered event. */
  addEvaluationFailed(details: EventDetails): void {
    if (this.#state?.entered.id === this.last) this.last = this.#state.entered.previousEventId;
    this.add('EvaluationFailed', details);
  }

  /**
   * Records what the failure of the branch `failed` cuts, and closes every branch.
   *
   * A Task that fails its branch is itself recorded as aborted, then each sibling with the states it was in,
   * all aside on the failed branch, and the chain goes on from there. That a Task is recorded as aborted is
   * known of Parallel branches and assumed of Map iterations.
   */
  failBranch(failed: Chain): void {
    if (failed.#state?.type === 'Task') failed.addAside('TaskStateAborted');
    for (const sibling of this.#children) if (sibling !== failed) sibling.#recordCut(failed);
    if (failed.#iteration) failed.addAside('MapIterationFailed', { ...failed.#iteration });
    this.last = failed.last;
    this.closeBranches();
  }

  closeBranches(): void {
    for (const child of this.#children) child.close();
    this.#children.clear();
  }

  /** Ends this chain and everything that branched from it: nothing is recorded on it any more. */
  close(): void {
    this.#closed = true;
  }

  #recordCut(on: Chain): void {
    if (this.#closed) return;
    if (this.#iteration) on.addAside('MapIterationAborted', { ...this.#iteration });
    const type = this.#state?.type;
    if (type !== undefined && ABORTABLE.has(type)) on.addAside(`${type}StateAborted`);
    for (const child of this.#children) child.#recordCut(on);
  }

  #isClosed(): boolean {
    return this.#closed || (this.#parent !== undefined && this.#parent.#isClosed());
  }
}
