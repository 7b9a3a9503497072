import type { Clock } from '../clock.ts';
import { Drive, type Outcome } from './drive.ts';
import { Evaluator } from './evaluate.ts';
import { failureDetails } from './failure.ts';
import { stepFunctions } from './functions.ts';
import { History, type HistoryEvent } from './history.ts';
import type { Input } from './input.ts';
import { parseJson } from './json.ts';
import type { StateMachine } from './model.ts';
import { Outside } from './outside.ts';
import type { Progress } from './progress.ts';
import { runBranch } from './run-branch.ts';
import {
  Variables,
  type ExecutionFacts,
  type Redrives,
  type Runtime,
  type TaskRunner,
} from './runtime.ts';
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

/** An execution under way. */
export interface Execution {
  /** Grows while the execution runs. */
  readonly history: readonly HistoryEvent[];
  /** Resolves whatever the outcome, and never rejects. After a redrive this is another promise. */
  readonly done: Promise<Outcome>;
  readonly redrives: Redrives;
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
  /**
   * RedriveExecution: goes on with the states that failed or were cut. What succeeded is not done again.
   *
   * Retries and TimeoutSeconds count from zero again. Does nothing while it runs, after it
   * succeeded, or when its history is full.
   */
  redrive(clientToken?: string): void;
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
  const progress: Progress = { variables: new Variables() };
  let redrives: Redrives = { count: 0 };

  const turns: Turns = new Turns({
    ...{ clock, startTime: facts.startTime },
    past: past?.inputs,
    onInput: onInput ?? (() => undefined),
    onStop: (failure) => drive.end('ABORTED', 0, failureDetails(failure)),
    onRedrive() {
      redrives = { count: redrives.count + 1, time: turns.now() };
      const last = history.events.at(-1)?.id ?? 0;
      history.append('ExecutionRedriven', last, { redriveCount: redrives.count });
      drive = new Drive(world, progress);
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
  const runtime: Runtime = {
    facts,
    redrives: () => redrives,
    outside: new Outside(turns, { ...options, seed }),
    random,
    evaluator: new Evaluator(),
    functions: stepFunctions({ clock: turns, random }),
    runBranch: (branch, value, frame) => runBranch(runtime, branch, value, frame),
  };
  const world = { runtime, turns, history, definition };
  history.append('ExecutionStarted', 0, {
    input: options.input,
    inputDetails: { truncated: false },
    roleArn: options.roleArn,
  });
  let drive = new Drive(world, progress);
  return {
    history: history.events,
    live: turns.live,
    get done() {
      return drive.done;
    },
    get redrives() {
      return redrives;
    },
    abort(error, cause) {
      if (!drive.hasEnded) turns.deliver({ kind: 'stop', ...failureDetails({ error, cause }) });
    },
    timeOut: () => drive.timeOut(),
    redrive(clientToken) {
      if (drive.isRedrivable && history.isRedrivable)
        turns.deliver({ kind: 'redrive', ...(clientToken && { clientToken }) });
    },
    drop: () => turns.drop(),
  };
}
