import type { HistoryEvent } from './history.ts';
import type { Json } from './json.ts';
import type { Variables } from './runtime.ts';

/**
 * How far a branch of an execution has come.
 *
 * It outlives the failure of the execution: a redrive goes on from here, with states that succeeded behind it.
 */
export interface Progress {
  readonly variables: Variables;
  /** The state that the branch is in or about to enter; undefined before the first one. */
  at?: {
    readonly name: string;
    readonly input: Json;
    /** Absent until the state is entered. */
    readonly entered?: HistoryEvent;
  };
  /** The branches of the state that it is in. */
  fork?: ForkProgress;
  /** Set once the branch has come to its end. */
  ended?: { readonly output: Json; readonly lastEventId: number };
}

/** How far the branches of a Parallel, or the iterations of a Map, have come. */
export interface ForkProgress {
  /** What all branches were started with: the input of a Parallel, the items of a Map. */
  readonly input: Json;
  /** `ParallelStateStarted` or `MapStateStarted`. */
  readonly startedId: number;
  /** In the order of branches or items; a hole for an iteration that has not been started. */
  readonly branches: (BranchProgress | undefined)[];
}

/** How far one branch or iteration has come. */
export interface BranchProgress {
  readonly progress: Progress;
  /** The event that its first state points at: the fork's own, or `MapIterationStarted` once that is written. */
  startedId: number;
  /** Of an iteration: whether `MapIterationStarted` is written. */
  hasBegun?: boolean;
  /** Of an iteration: whether `MapIterationSucceeded` is written. */
  isDone?: boolean;
}
