import { Chain } from './chain.ts';
import {
  BranchCutError,
  ExecutionFatalError,
  failureDetails,
  StateFailedError,
  type Failure,
} from './failure.ts';
import type { EventDetails, History } from './history.ts';
import type { StateMachine } from './model.ts';
import type { Progress } from './progress.ts';
import type { Runtime } from './runtime.ts';
import type { Turns } from './turns.ts';

/** How an execution ended. */
export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** A JSON text, present when the status is SUCCEEDED. */
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** What every drive of one execution works with. */
export interface DriveWorld {
  readonly runtime: Runtime;
  readonly turns: Turns;
  readonly history: History;
  readonly definition: StateMachine;
}

const EVENTS: Readonly<Record<Outcome['status'], string>> = {
  SUCCEEDED: 'ExecutionSucceeded',
  FAILED: 'ExecutionFailed',
  TIMED_OUT: 'ExecutionTimedOut',
  ABORTED: 'ExecutionAborted',
};

/** One way of an execution from its start, or from a redrive, to an end. The first state is entered later. */
export class Drive {
  readonly #world: DriveWorld;
  readonly #progress: Progress;
  readonly #chain: Chain;
  readonly #stop = new AbortController();
  readonly #outcome = Promise.withResolvers<Outcome>();
  readonly #limit: number | undefined;
  #status: Outcome['status'] | undefined;

  constructor(world: DriveWorld, progress: Progress) {
    this.#world = world;
    this.#progress = progress;
    this.#chain = new Chain(world.history);
    queueMicrotask(() => void this.#run());
    const { TimeoutSeconds: seconds } = world.definition;
    if (seconds === undefined) return;
    const limit = world.runtime.outside.timer(seconds * 1000, this.#stop.signal);
    // Unlike every other event this one and ExecutionAborted follow no chain.
    const expire = (): void => this.end('TIMED_OUT', 0, { error: 'States.Timeout' });
    limit.passed.then(expire).catch(() => undefined);
    this.#limit = limit.operation;
  }

  /** Resolves once, when the past, if there is one, is over as well. */
  get done(): Promise<Outcome> {
    return this.#outcome.promise;
  }

  get hasEnded(): boolean {
    return this.#status !== undefined;
  }

  get isRedrivable(): boolean {
    return this.#status !== undefined && this.#status !== 'SUCCEEDED';
  }

  /** Lets the time of TimeoutSeconds be over now, where the definition sets one. */
  timeOut(): void {
    if (this.#limit !== undefined) this.#world.runtime.outside.fire(this.#limit);
  }

  /** Ends it and cuts everything in flight. Does nothing once it has ended. */
  end(
    status: Outcome['status'],
    previousEventId: number,
    outcome: Omit<Outcome, 'status'>,
    details: EventDetails = outcome,
  ): void {
    if (this.#status !== undefined) return;
    this.#status = status;
    const { history, turns } = this.#world;
    history.end(EVENTS[status], previousEventId, details);
    this.#chain.close();
    this.#stop.abort(new BranchCutError());
    const tell = (): void => this.#outcome.resolve({ status, ...outcome });
    if (!turns.isDropped) turns.live.then(tell).catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { runtime, definition } = this.#world;
    try {
      const frame = { chain: this.#chain, progress: this.#progress, signal: this.#stop.signal };
      const result = await runtime.runBranch(definition, runtime.facts.input, frame);
      const output = JSON.stringify(result);
      const details = { output, outputDetails: { truncated: false } };
      this.end('SUCCEEDED', this.#chain.last, { output }, details);
    } catch (error) {
      if (error instanceof BranchCutError) return;
      const isKnown = error instanceof StateFailedError || error instanceof ExecutionFatalError;
      const failure = failureDetails(isKnown ? error.failure : defect(error));
      this.end('FAILED', this.#chain.last, failure);
    }
  }
}

/** The interpreter itself broke: the execution must still end, and be seen to end for that reason. */
function defect(error: unknown): Failure {
  const name = error instanceof Error ? error.name : typeof error;
  return { error: 'States.Runtime', cause: `The embedded Step Functions broke down: ${name}` };
}
