import * as z from 'zod';
import { EvidenceError } from '../evidence-error.ts';
import { errorCode } from '../error-code.ts';

const execution = ['Started', 'Succeeded', 'Failed', 'Aborted', 'TimedOut', 'Redriven'] as const;
const entered = ['Task', 'Map', 'Pass', 'Choice', 'Succeed', 'Fail'] as const;
const exited = ['Task', 'Map', 'Pass', 'Choice', 'Succeed'] as const;
const task = [
  'Scheduled',
  'Started',
  'StartFailed',
  'Submitted',
  'SubmitFailed',
  'Succeeded',
  'Failed',
  'TimedOut',
] as const;
const iteration = ['Started', 'Succeeded', 'Failed', 'Aborted'] as const;

/** The events that an execution of a batch's state machine can have. */
export const EventType = z.enum([
  ...execution.map((end) => `Execution${end}` as const),
  ...entered.map((type) => `${type}StateEntered` as const),
  ...exited.map((type) => `${type}StateExited` as const),
  ...task.map((step) => `Task${step}` as const),
  ...iteration.map((step) => `MapIteration${step}` as const),
  'TaskStateAborted',
  'MapStateAborted',
  'MapStateStarted',
  'MapStateSucceeded',
  'MapStateFailed',
  'EvaluationFailed',
]);

/** The type of a state, as events name it. */
export type StateType = (typeof entered)[number];

const error = { error: z.string().optional() };

/**
 * The fields of an event that evidence reads. What is not listed is never copied: inputs, parameters
 * and causes hold task tokens, and what a person typed.
 */
const Event = z.object({
  id: z.int().min(1),
  previousEventId: z.int().min(0).default(0),
  timestamp: z.coerce.date(),
  type: EventType,
  stateEnteredEventDetails: z.object({ name: z.string() }).optional(),
  stateExitedEventDetails: z
    .object({
      name: z.string(),
      output: z.string().optional(),
      assignedVariables: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  mapStateStartedEventDetails: z.object({ length: z.int().min(0) }).optional(),
  mapIterationStartedEventDetails: z.object({ index: z.int().min(0) }).optional(),
  mapIterationSucceededEventDetails: z.object({ index: z.int().min(0) }).optional(),
  mapIterationFailedEventDetails: z.object({ index: z.int().min(0) }).optional(),
  mapIterationAbortedEventDetails: z.object({ index: z.int().min(0) }).optional(),
  taskFailedEventDetails: z.object(error).optional(),
  taskStartFailedEventDetails: z.object(error).optional(),
  taskSubmitFailedEventDetails: z.object(error).optional(),
  taskTimedOutEventDetails: z.object(error).optional(),
  evaluationFailedEventDetails: z.object({ ...error, state: z.string().optional() }).optional(),
  executionFailedEventDetails: z.object(error).optional(),
  executionAbortedEventDetails: z.object(error).optional(),
  executionTimedOutEventDetails: z.object(error).optional(),
  executionRedrivenEventDetails: z.object({ redriveCount: z.int().min(1) }).optional(),
});

/** One event of an execution's history, as far as evidence reads it. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousId: number;
  readonly at: Date;
  readonly type: z.infer<typeof EventType>;
  /** The state that is entered, left, or whose expression failed. */
  readonly state?: string | undefined;
  readonly error?: string | undefined;
  /** Of a Map's iteration. */
  readonly index?: number | undefined;
  readonly redriveCount?: number | undefined;
  /** JSON of what a state answered: to be read by a schema only. */
  readonly output?: string | undefined;
  /** JSON of the variables that a state set: to be read by a schema only. */
  readonly assigned?: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads an event as `GetExecutionHistory` returns it.
 *
 * @throws EvidenceError for an event that no batch's execution can have, by its type.
 */
export function readEvent(found: unknown): HistoryEvent {
  const { data, error: problem } = Event.safeParse(found);
  if (data === undefined) throw unreadable(found, problem);
  const of = data;
  const failed =
    of.taskFailedEventDetails ??
    of.taskStartFailedEventDetails ??
    of.taskSubmitFailedEventDetails ??
    of.taskTimedOutEventDetails ??
    of.evaluationFailedEventDetails ??
    of.executionFailedEventDetails ??
    of.executionAbortedEventDetails ??
    of.executionTimedOutEventDetails;
  const iterated =
    of.mapIterationStartedEventDetails ??
    of.mapIterationSucceededEventDetails ??
    of.mapIterationFailedEventDetails ??
    of.mapIterationAbortedEventDetails;
  return {
    id: of.id,
    previousId: of.previousEventId,
    at: of.timestamp,
    type: of.type,
    state:
      of.stateEnteredEventDetails?.name ??
      of.stateExitedEventDetails?.name ??
      of.evaluationFailedEventDetails?.state,
    error: errorCode(failed?.error),
    index: iterated?.index,
    redriveCount: of.executionRedrivenEventDetails?.redriveCount,
    output: of.stateExitedEventDetails?.output,
    assigned: of.stateExitedEventDetails?.assignedVariables,
  };
}

const Told = z.object({
  id: z.int().catch(0),
  type: z
    .string()
    .regex(/^[A-Za-z]{1,60}$/)
    .catch('without a name'),
});

function unreadable(found: unknown, problem: z.ZodError): EvidenceError {
  const { id, type } = Told.catch({ id: 0, type: 'without a name' }).parse(found);
  const [issue] = problem.issues;
  return issue?.path[0] === 'type'
    ? new EvidenceError(`event ${id} of the history has a type that no batch has: ${type}`)
    : new EvidenceError(
        `event ${id} of the history (${type}) cannot be read: ${issue?.path.join('.') ?? ''}`,
      );
}
