import type { StateType } from './history-event.ts';

/** How a stay in a state ended; `caught` is a failure that a Catch took. */
export type VisitOutcome = 'succeeded' | 'failed' | 'caught' | 'aborted' | 'running';

/** One try of a Task: a call of its function, and the wait for a worker's answer. */
export interface Try {
  /** Redrives of the execution before it. */
  readonly redrive: number;
  readonly scheduled: Date;
  started?: Date;
  ended?: Date;
  outcome: VisitOutcome;
  error?: string;
}

/** One stay in a state. */
export interface Visit {
  /** Id of the event that entered the state. */
  readonly id: number;
  /** The stay that was left for this one; absent for the first of the machine and of an iteration. */
  readonly cameFrom?: number;
  readonly state: string;
  readonly type: StateType;
  /** Redrives of the execution before it was entered. */
  readonly redrive: number;
  /** The worker whose iteration of the Map it is in, and which machine for that worker. */
  readonly worker?: { readonly index: number; readonly attempt: number };
  readonly entered: Date;
  ended?: Date;
  outcome: VisitOutcome;
  /** Of its last failure. */
  error?: string;
  readonly tries: Try[];
  /** JSON of its answer: to be read by a schema only. */
  output?: string;
}

/** One worker's iteration of the Map. */
export interface Iteration {
  readonly worker: number;
  readonly redrive: number;
  readonly started: Date;
  ended?: Date;
  outcome: VisitOutcome;
}

/** From the start, or a redrive, to the next end of the execution. */
export interface Stretch {
  readonly redrive: number;
  readonly started: Date;
  ended?: Date;
  status: 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT' | 'RUNNING';
  error?: string;
}

/** How often a stay's Task was tried again by a Retry; what a redrive tried again is not counted. */
export function retriesOf({ tries }: Pick<Visit, 'tries'>): number {
  return tries.filter(({ redrive }, index) => tries[index - 1]?.redrive === redrive).length;
}
