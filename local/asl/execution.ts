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
import { parseJson } from './json.ts';
import type { StateMachine } from './model.ts';
import { runBranch } from './run-branch.ts';
import { Variables, type ExecutionFacts, type Runtime, type TaskRunner } from './runtime.ts';
import type { TaskTokens } from './task-tokens.ts';

/** Everything an execution needs from outside. */
export interface ExecutionOptions extends Omit<ExecutionFacts, 'input' | 'startTime'> {
  readonly definition: StateMachine;
  /** A JSON text, which the first event repeats as it is. */
  readonly input: string;
  /** @default the clock's time */
  readonly startTime?: Date;
  readonly tasks: TaskRunner;
  readonly tokens: TaskTokens;
  readonly clock: Clock;
  /** Numbers from 0 to below 1: jitter, `$random`, `$uuid`. @default Math.random */
  readonly random?: () => number;
  /** Called with each event as it is written; it must not throw. */
  readonly onEvent?: (event: HistoryEvent) => void;
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
  /** StopExecution: cuts everything in flight. Does nothing once the execution has ended. */
  abort(error?: string, cause?: string): void;
}

/**
 * Starts an execution of a checked state machine.
 *
 * The first state is entered after this returns. What a cut or stopped branch still does is not recorded.
 *
 * @throws SyntaxError when the input is not JSON.
 */
export function startExecution(options: ExecutionOptions): Execution {
  const { definition, clock, random = Math.random } = options;
  const history = new History(clock, options.onEvent ?? (() => undefined));
  const chain = new Chain(history);
  const stop = new AbortController();
  const { promise: done, resolve } = Promise.withResolvers<Outcome>();
  let ended = false;

  function end(
    outcome: Outcome,
    event: string,
    previousEventId: number,
    details: EventDetails,
  ): void {
    if (ended) return;
    ended = true;
    history.end(event, previousEventId, details);
    chain.close();
    stop.abort(new BranchCutError());
    resolve(outcome);
  }

  function fail(failure: Failure): void {
    const details = failureDetails(failure);
    end({ status: 'FAILED', ...details }, 'ExecutionFailed', chain.last, details);
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
      fail(isKnown ? error.failure : defect(error));
    }
  }

  async function enforceTimeout(seconds: number): Promise<void> {
    await clock.sleep(seconds * 1000, stop.signal);
    const failure = { error: 'States.Timeout' };
    // Unlike every other event this one and ExecutionAborted follow no chain.
    end({ status: 'TIMED_OUT', ...failure }, 'ExecutionTimedOut', 0, failure);
  }

  const input = parseJson(options.input);
  const facts: ExecutionFacts = { ...options, startTime: options.startTime ?? clock.now(), input };
  const runtime: Runtime = {
    facts,
    clock,
    random,
    evaluator: new Evaluator(),
    functions: stepFunctions({ clock, random }),
    tasks: options.tasks,
    tokens: options.tokens,
    runBranch: (branch, value, frame) => runBranch(runtime, branch, value, frame),
  };
  history.append('ExecutionStarted', 0, {
    input: options.input,
    inputDetails: { truncated: false },
    roleArn: options.roleArn,
  });
  queueMicrotask(() => void run());
  if (definition.TimeoutSeconds !== undefined) {
    enforceTimeout(definition.TimeoutSeconds).catch(() => undefined);
  }
  return {
    history: history.events,
    done,
    abort(error, cause) {
      const details = failureDetails({ error, cause });
      end({ status: 'ABORTED', ...details }, 'ExecutionAborted', 0, details);
    },
  };
}

/** The interpreter itself broke: the execution must still end, and be seen to end for that reason. */
function defect(error: unknown): Failure {
  const name = error instanceof Error ? error.name : typeof error;
  return { error: 'States.Runtime', cause: `The embedded Step Functions broke down: ${name}` };
}
