import type { Chain } from './chain.ts';
import type { Evaluator } from './evaluate.ts';
import type { Json } from './json.ts';
import type { Branch } from './model.ts';
import type { Progress } from './progress.ts';
import type { Outside } from './outside.ts';

/** One request of a Task state to the service behind its Resource. */
export interface TaskCall {
  readonly resource: string;
  /** The state's evaluated Arguments, or its input when it has none. */
  readonly parameters: Json;
  /** Present when the resource ends in `.waitForTaskToken`. */
  readonly taskToken?: string;
  readonly executionArn: string;
  readonly stateName: string;
  /** Aborts when nobody waits for the result any more: timeout, missed heartbeat, cut branch, stopped execution. */
  readonly signal: AbortSignal;
}

/** The services that Tasks call, as the embedded cloud plugs them in. */
export interface TaskRunner {
  /**
   * Does one request and returns its result.
   *
   * Timeouts, heartbeats, retries and size limits are the interpreter's: a runner needs none.
   *
   * @throws TaskFailedError when the service answers with an error.
   */
  run(call: TaskCall): Promise<Json>;
}

/** Who is executing, as `$states.context` shows it. */
export interface ExecutionFacts {
  readonly executionArn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly startTime: Date;
  readonly input: Json;
}

/** How often an execution was redriven, and when last. */
export interface Redrives {
  readonly count: number;
  readonly time?: Date;
}

/** What all states of one execution share. */
export interface Runtime {
  readonly facts: ExecutionFacts;
  readonly redrives: () => Redrives;
  readonly outside: Outside;
  readonly random: () => number;
  readonly evaluator: Evaluator;
  /** The functions of Step Functions, by the names under which expressions call them. */
  readonly functions: Readonly<Record<string, unknown>>;
  /** Runs a branch to its end, from where its progress says; Parallel and Map get it from here because it runs them in turn. */
  readonly runBranch: (branch: Branch, input: Json, frame: Frame) => Promise<Json>;
}

/** What the states of one branch share. */
export interface Frame {
  readonly chain: Chain;
  readonly progress: Progress;
  /** Aborts when the branch is cut. */
  readonly signal: AbortSignal;
  readonly mapItem?: { readonly Index: number; readonly Value: Json };
}

/** The variables of a branch: it reads those of the branch around it and assigns its own. */
export class Variables {
  readonly #own = new Map<string, Json>();
  readonly #outer: Variables | undefined;

  constructor(outer?: Variables) {
    this.#outer = outer;
  }

  all(): Record<string, Json> {
    return { ...this.#outer?.all(), ...Object.fromEntries(this.#own) };
  }

  assign(values: Readonly<Record<string, Json>>): void {
    for (const [name, value] of Object.entries(values)) this.#own.set(name, value);
  }
}
