import type { Clock } from '../clock.ts';
import { Chain } from './chain.ts';
import { Evaluator } from './evaluate.ts';
import {
  BranchCutError,
  ExecutionFatalError,
  failureDetails,
  StateFailedError,
  type Failure,
} from './failure.ts';
import { stepFunctions } from './functions.ts';
import { History, type EventDetails, type HistoryEvent } from './history.ts';
import type { Input } from './input.ts';
import { parseJson } from './json.ts';
import type { StateMachine } from './model.ts';
import { runBranch } from './run-branch.ts';
import { Variables, type ExecutionFacts, type Runtime, type TaskRunner } from './runtime.ts';
import { newSeed, seededNumbers } from './seed.ts';
import type { TaskTokens } from './task-tokens.ts';
import { Turns } from './turns.ts';

/** Everything an execution needs from outside. */
export interface ExecutionOptions extends Omit<ExecutionFacts, 'input' | 'startTime'> {
  readonly definition: StateMachine;
  /** A JSON text, which the first event repeats as it is. */
  readonly input: string;
  /** @default the clock's time */
  readonly startTime?: Date;
  readonly tasks: TaskRunner;
  readonly tokens: Pick<TaskTokens, 'open'>;
  readonly clock: Clock;
  /** What task tokens and random numbers come from. @default a new one */
  readonly seed?: string;
  /** Numbers from 0 to below 1: jitter, `$random`, `$uuid`. @default those of the seed */
  readonly random?: () => number;
  /**
   * What a journal holds of this execution's earlier life.
   *
   * It is lived through again: events that the past has are compared and not told again, and requests and
   * timers wait. Then the execution goes on where it was. Seed, start time, input and definition must be the
   * same, and random numbers must repeat themselves.
   */
  readonly past?: Past;
  /** Called with each input before it takes effect; it must not throw. */
  readonly onInput?: (input: Input) => void;
  /** Called with each event as it is written; it must not throw. */
  readonly onEvent?: (event: HistoryEvent) => void;
}

/** What happened to an execution before a crash. */
export interface Past {
  readonly inputs: readonly Input[];
  readonly events: readonly HistoryEvent[];
}

/** How an execution ended. */
export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** A JSON text, present when the status is SUCCEEDED. */
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** An execution under way. */
export interface Execution {
  /** Grows while the execution runs. */
  readonly history: readonly HistoryEvent[];
  /** Resolves once, whatever the outcome, and never rejects. */
  readonly done: Promise<Outcome>;
  /**
   * Resolves when the past is over, at once where there is none.
   *
   * Rejects with a ReplayError when the past could not be repeated: then nothing more comes of this execution.
   */
  readonly live: Promise<void>;
  /** StopExecution: cuts everything in flight. Does nothing once the execution has ended. */
  abort(error?: string, cause?: string): void;
  /** Lets the time of TimeoutSeconds be over now. Does nothing where the definition sets none. */
  timeOut(): void;
  /** Ends everything as a crash would: no event, no outcome, no answer from then on. */
  drop(): void;
}

/**
 * Starts an execution of a checked state machine.
 *
 * The first state is entered after this returns. What a cut or stopped branch still does is not recorded.
 *
 * @throws SyntaxError when the input is not JSON.
 */
export function startExecution(options: ExecutionOptions): Execution {
  const { definition, clock, past, seed = newSeed(), onEvent, onInput } = options;
  const random = options.random ?? seededNumbers(seed);
  const input = parseJson(options.input);
  const facts: ExecutionFacts = { ...options, startTime: options.startTime ?? clock.now(), input };
  const stop = new AbortController();
  const { promise: done, resolve } = Promise.withResolvers<Outcome>();
  let ended = false;

  const turns: Turns = new Turns({
    ...{ clock, seed, tasks: options.tasks, tokens: options.tokens, startTime: facts.startTime },
    past: past?.inputs,
    onInput: onInput ?? (() => undefined),
    onStop(failure) {
      end({ status: 'ABORTED', ...failureDetails(failure) }, 'ExecutionAborted', 0);
    },
    missing: () => history.missing(),
  });
  const history = new History({
    clock: turns,
    past: past?.events,
    onEvent(event) {
      if (!turns.isDropped) onEvent?.(event);
    },
    onMismatch: (problem) => turns.breakOff(problem),
  });
  const chain = new Chain(history);

  function end(
    outcome: Outcome,
    event: string,
    previousEventId: number,
    details: EventDetails = failureDetails(outcome),
  ): void {
    if (ended) return;
    ended = true;
    history.end(event, previousEventId, details);
    chain.close();
    stop.abort(new BranchCutError());
    if (turns.isDropped) return;
    if (past === undefined) resolve(outcome);
    else turns.live.then(() => resolve(outcome)).catch(() => undefined);
  }

  async function run(): Promise<void> {
    try {
      const frame = { chain, variables: new Variables(), signal: stop.signal };
      const output = JSON.stringify(await runBranch(runtime, definition, input, frame));
      const details = { output, outputDetails: { truncated: false } };
      end({ status: 'SUCCEEDED', output }, 'ExecutionSucceeded', chain.last, details);
    } catch (error) {
      if (error instanceof BranchCutError) return;
      const isKnown = error instanceof StateFailedError || error instanceof ExecutionFatalError;
      const failure = failureDetails(isKnown ? error.failure : defect(error));
      end({ status: 'FAILED', ...failure }, 'ExecutionFailed', chain.last);
    }
  }

  function expire(): void {
    // Unlike every other event this one and ExecutionAborted follow no chain.
    end({ status: 'TIMED_OUT', error: 'States.Timeout' }, 'ExecutionTimedOut', 0);
  }

  const runtime: Runtime = {
    facts,
    turns,
    random,
    evaluator: new Evaluator(),
    functions: stepFunctions({ clock: turns, random }),
    runBranch: (branch, value, frame) => runBranch(runtime, branch, value, frame),
  };
  history.append('ExecutionStarted', 0, {
    input: options.input,
    inputDetails: { truncated: false },
    roleArn: options.roleArn,
  });
  queueMicrotask(() => void run());
  const limit =
    definition.TimeoutSeconds === undefined
      ? undefined
      : turns.timer(definition.TimeoutSeconds * 1000, stop.signal);
  limit?.passed.then(expire).catch(() => undefined);
  return {
    history: history.events,
    done,
    live: turns.live,
    abort(error, cause) {
      if (!ended) turns.deliver({ kind: 'stop', ...failureDetails({ error, cause }) });
    },
    timeOut() {
      if (limit?.operation !== undefined) turns.fire(limit.operation);
    },
    drop: () => turns.drop(),
  };
}

/** The interpreter itself broke: the execution must still end, and be seen to end for that reason. */
function defect(error: unknown): Failure {
  const name = error instanceof Error ? error.name : typeof error;
  return { error: 'States.Runtime', cause: `The embedded Step Functions broke down: ${name}` };
}
