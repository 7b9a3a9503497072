import { contextObject } from './context.ts';
import { EvaluationError, wrongType } from './evaluate.ts';
import { ExecutionFatalError, StateFailedError } from './failure.ts';
import type { HistoryEvent } from './history.ts';
import { exceedsPayloadLimit, isOfType, type Json, type JsonOf, type JsonType } from './json.ts';
import type { State } from './model.ts';
import type { ForkProgress } from './progress.ts';
import type { Frame, Runtime } from './runtime.ts';

/** What a state hands on: its output, the variables it assigns, and the next state (none at an end). */
export interface Conclusion {
  readonly output: Json;
  readonly assigned?: Readonly<Record<string, Json>>;
  readonly next?: string;
}

/** What an expression may see beside the input and the context. */
export interface Extras {
  readonly result?: Json;
  readonly errorOutput?: Json;
}

/** The fields with which a state, a choice rule or a catcher makes its output. */
interface ResultFields {
  readonly Output?: Json;
  readonly Assign?: Record<string, Json>;
  readonly Next?: string;
}

/** One stay of an execution in one state, from its Entered to its Exited event. */
export class Visit {
  readonly runtime: Runtime;
  readonly frame: Frame;
  readonly name: string;
  readonly input: Json;
  /** Set by the states that can retry, shown as `$states.context.State.RetryCount`. */
  retryCount: number | undefined;
  /** Set by a Task that waits for a token, shown as `$states.context.Task.Token`. */
  taskToken: string | undefined;
  readonly #type: State['Type'];
  readonly #entered: HistoryEvent;
  #earlierFork: ForkProgress | undefined;

  private constructor(
    origin: {
      runtime: Runtime;
      name: string;
      input: Json;
      type: State['Type'];
      entered: HistoryEvent;
    },
    frame: Frame,
    earlierFork?: ForkProgress,
  ) {
    this.#earlierFork = earlierFork;
    this.runtime = origin.runtime;
    this.frame = frame;
    this.name = origin.name;
    this.input = origin.input;
    this.#type = origin.type;
    this.#entered = origin.entered;
  }

  /** Enters a state, which writes its Entered event, or goes on with a stay that a redrive found. */
  static enter(
    runtime: Runtime,
    frame: Frame,
    name: string,
    type: State['Type'],
    input: Json,
  ): Visit {
    const { chain, progress } = frame;
    const earlier = progress.at?.entered;
    if (earlier !== undefined) {
      chain.resumeState(type, earlier);
      return new Visit({ runtime, name, input, type, entered: earlier }, frame, progress.fork);
    }
    const details = { name, input: JSON.stringify(input), inputDetails: { truncated: false } };
    const entered = chain.enterState(type, details);
    progress.at = { name, input, entered };
    return new Visit({ runtime, name, input, type, entered }, frame);
  }

  /** The branches that a redrive found in this state; the first attempt takes them, no later one. */
  takeEarlierFork(): ForkProgress | undefined {
    const fork = this.#earlierFork;
    this.#earlierFork = undefined;
    return fork;
  }

  /** The same stay seen from one of its Map iterations: failures are recorded there. */
  inside(frame: Frame): Visit {
    return new Visit(
      {
        runtime: this.runtime,
        name: this.name,
        input: this.input,
        type: this.#type,
        entered: this.#entered,
      },
      frame,
    );
  }

  /**
   * Evaluates a field.
   *
   * @throws StateFailedError `States.QueryEvaluationError`, after writing the EvaluationFailed event.
   */
  async evaluate(template: Json, location: string, extras: Extras = {}): Promise<Json> {
    const { runtime, frame } = this;
    const states = {
      input: this.input,
      context: contextObject(runtime.facts, runtime.redrives(), this.#facts(), frame),
      ...extras,
    };
    try {
      const bindings = { ...runtime.functions, ...frame.progress.variables.all(), states };
      return await runtime.evaluator.evaluate(template, location, bindings);
    } catch (error) {
      throw this.#evaluationFailed(error);
    }
  }

  /** Evaluates a field whose result must be of one type. */
  async evaluateTo<T extends JsonType>(
    expected: T,
    template: Json,
    location: string,
  ): Promise<JsonOf<T>> {
    const value = await this.evaluate(template, location);
    if (!isOfType(expected, value)) throw this.refuse(template, location, expected, value);
    return value;
  }

  /** Evaluates a field that counts something: a whole number from `min`. */
  async evaluateCount(template: number | string, location: string, min: number): Promise<number> {
    const value = await this.evaluateTo('number', template, location);
    if (!Number.isSafeInteger(value) || value < min)
      throw this.refuse(template, location, 'integer', value);
    return value;
  }

  /** The failure of a field whose result cannot be used. */
  refuse(template: Json, location: string, expected: string, value: Json): StateFailedError {
    return this.#evaluationFailed(wrongType(template, location, expected, value));
  }

  /**
   * Makes output and variables from the fields that say so; the output is `fallback` where none does.
   *
   * Both are evaluated before any variable changes, so neither sees what the other one makes.
   */
  async conclude(
    fields: ResultFields,
    fallback: Json,
    options: { extras?: Extras; prefix?: string } = {},
  ): Promise<Conclusion> {
    const { extras, prefix = '' } = options;
    let assigned: Record<string, Json> | undefined;
    for (const [name, template] of Object.entries(fields.Assign ?? {})) {
      assigned = {
        ...assigned,
        [name]: await this.evaluate(template, `${prefix}Assign/${name}`, extras),
      };
    }
    const output =
      fields.Output === undefined
        ? fallback
        : await this.evaluate(fields.Output, `${prefix}Output`, extras);
    this.requireSize(output);
    if (assigned) this.requireSize(assigned);
    return { output, assigned, next: fields.Next };
  }

  /** @throws StateFailedError `States.DataLimitExceeded` for more than 256 KiB. */
  requireSize(value: Json, what = this.name): void {
    if (exceedsPayloadLimit(JSON.stringify(value)))
      throw new StateFailedError(dataLimitExceeded(what));
  }

  /** Leaves the state: its variables take effect and its Exited event is written. */
  exit({ output, assigned, next }: Conclusion): void {
    const { chain, progress } = this.frame;
    chain.exitState(this.#type, {
      name: this.name,
      output: JSON.stringify(output),
      outputDetails: { truncated: false },
      ...(assigned && {
        assignedVariables: Object.fromEntries(
          Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)]),
        ),
        assignedVariablesDetails: { truncated: false },
      }),
    });
    if (assigned) progress.variables.assign(assigned);
    progress.fork = undefined;
    if (next === undefined) progress.ended = { output, lastEventId: chain.last };
    else progress.at = { name: next, input: output };
  }

  /** `States.Runtime`, which no Retry and no Catch can handle. */
  fatal(problem: string): ExecutionFatalError {
    return new ExecutionFatalError(this.#causeOf(problem));
  }

  #causeOf(problem: string): string {
    const entered = `(entered at the event id #${this.#entered.id})`;
    return `An error occurred while executing the state '${this.name}' ${entered}. ${problem}`;
  }

  #facts() {
    return {
      name: this.name,
      enteredTime: this.#entered.timestamp,
      retryCount: this.retryCount,
      taskToken: this.taskToken,
    };
  }

  #evaluationFailed(error: unknown): StateFailedError {
    if (!(error instanceof EvaluationError)) throw error;
    const failure = { error: 'States.QueryEvaluationError', cause: this.#causeOf(error.message) };
    this.frame.chain.addEvaluationFailed({
      ...failure,
      location: error.location,
      state: this.name,
    });
    return new StateFailedError(failure);
  }
}

/** AWS's failure for a result over 256 KiB; `what` is the state, the service or the function. */
export function dataLimitExceeded(what: string): { error: string; cause: string } {
  return {
    error: 'States.DataLimitExceeded',
    cause: `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  };
}
