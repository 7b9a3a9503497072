import * as z from 'zod';
import type { Json } from './json.ts';

/**
 * The fields of a state machine that this interpreter runs, JSONata only.
 *
 * Every object is strict: a field that is not here is refused by name.
 */

const MAX_SECONDS = 99_999_999;

const template: z.ZodType<Json> = z.json();
const expression = z.string().regex(/^\{%[\s\S]*%\}$/, { error: 'must be a JSONata expression' });

function seconds(min: number) {
  return z.union([z.int().min(min).max(MAX_SECONDS), expression], {
    error: `must be a whole number from ${min} to ${MAX_SECONDS} or a JSONata expression`,
  });
}

/** Compares two numbers; an expression is compared with nothing before it is evaluated. */
function isAtLeast(a: number | string | undefined, b: number | string | undefined): boolean {
  return typeof a === 'number' && typeof b === 'number' && a >= b;
}

const assign = z.record(
  z
    .string()
    .max(80)
    .regex(/^[\p{ID_Start}_]\p{ID_Continue}*$/u, { error: 'must be a variable name' })
    .refine((name) => name !== 'states', { error: 'is reserved' }),
  template,
);

const common = {
  Comment: z.string().optional(),
  QueryLanguage: z.enum(['JSONata', 'JSONPath']).optional(),
};
const transition = { Next: z.string().optional(), End: z.literal(true).optional() };
const result = { Output: template.optional(), Assign: assign.optional() };

const Retrier = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: z.array(z.string()).min(1),
  IntervalSeconds: z.int().min(1).max(MAX_SECONDS).default(1),
  MaxAttempts: z.int().min(0).max(MAX_SECONDS).default(3),
  BackoffRate: z.number().min(1).default(2),
  MaxDelaySeconds: z.int().min(1).max(31_622_400).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
});

const Catcher = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: z.array(z.string()).min(1),
  Next: z.string(),
  ...result,
});

const recovery = { Retry: z.array(Retrier).optional(), Catch: z.array(Catcher).optional() };

const PassState = z.strictObject({ Type: z.literal('Pass'), ...common, ...transition, ...result });

const TaskState = z
  .strictObject({
    Type: z.literal('Task'),
    ...common,
    ...transition,
    ...result,
    ...recovery,
    Resource: z.string(),
    Arguments: template.optional(),
    TimeoutSeconds: seconds(1).optional(),
    HeartbeatSeconds: seconds(1).optional(),
  })
  .refine(({ HeartbeatSeconds, TimeoutSeconds }) => !isAtLeast(HeartbeatSeconds, TimeoutSeconds), {
    error: 'must have a HeartbeatSeconds smaller than its TimeoutSeconds',
  });

const ChoiceRule = z.strictObject({
  Comment: z.string().optional(),
  Condition: z.union([z.boolean(), expression], {
    error: 'must be a boolean or a JSONata expression',
  }),
  Next: z.string(),
  ...result,
});

const ChoiceState = z.strictObject({
  Type: z.literal('Choice'),
  ...common,
  ...result,
  Choices: z.array(ChoiceRule).min(1),
  Default: z.string().optional(),
});

const WaitState = z
  .strictObject({
    Type: z.literal('Wait'),
    ...common,
    ...transition,
    ...result,
    Seconds: seconds(0).optional(),
    Timestamp: z
      .union([z.iso.datetime({ offset: true }), expression], {
        error: 'must be an ISO 8601 date-time or a JSONata expression',
      })
      .optional(),
  })
  .refine((wait) => (wait.Seconds === undefined) !== (wait.Timestamp === undefined), {
    error: 'must have exactly one of Seconds and Timestamp',
  });

const SucceedState = z.strictObject({
  Type: z.literal('Succeed'),
  ...common,
  Output: template.optional(),
});

const FailState = z.strictObject({
  Type: z.literal('Fail'),
  ...common,
  Error: z.string().optional(),
  Cause: z.string().optional(),
});

const branch = { Comment: z.string().optional(), StartAt: z.string() };
const states: z.ZodType<Record<string, State>> = z.lazy(() => z.record(z.string().max(80), State));

const ParallelOwn = z.strictObject({
  Type: z.literal('Parallel'),
  ...common,
  ...transition,
  ...result,
  ...recovery,
  Arguments: template.optional(),
});

const ParallelState = z.strictObject({
  ...ParallelOwn.shape,
  Branches: z.array(z.strictObject({ ...branch, States: states })).min(1),
});

const items = z.union([z.array(template), expression], {
  error: 'must be an array or a JSONata expression',
});

const MapOwn = z.strictObject({
  Type: z.literal('Map'),
  ...common,
  ...transition,
  ...result,
  ...recovery,
  Items: items.optional(),
  ItemSelector: template.optional(),
  MaxConcurrency: z.union([z.int().min(0), expression]).optional(),
  ToleratedFailureCount: z.union([z.int().min(0), expression]).optional(),
  ToleratedFailurePercentage: z.union([z.number().min(0).max(100), expression]).optional(),
});

const MapState = z.strictObject({
  ...MapOwn.shape,
  ItemProcessor: z.strictObject({
    ...branch,
    ProcessorConfig: z.strictObject({ Mode: z.literal('INLINE') }).optional(),
    States: states,
  }),
});

const State = z.discriminatedUnion('Type', [
  PassState,
  TaskState,
  ChoiceState,
  WaitState,
  SucceedState,
  FailState,
  ParallelState,
  MapState,
]);

/** A whole state machine. */
export const StateMachine = z.strictObject({
  ...branch,
  QueryLanguage: common.QueryLanguage,
  Version: z.literal('1.0').optional(),
  TimeoutSeconds: z.int().min(1).max(MAX_SECONDS).optional(),
  States: states,
});

export type StateMachine = Branch & { readonly TimeoutSeconds?: number };
export type PassState = z.infer<typeof PassState>;
export type TaskState = z.infer<typeof TaskState>;
export type ChoiceState = z.infer<typeof ChoiceState>;
export type WaitState = z.infer<typeof WaitState>;
export type SucceedState = z.infer<typeof SucceedState>;
export type FailState = z.infer<typeof FailState>;
// Written out where the schema is recursive, which inference cannot follow.
export type ParallelState = z.infer<typeof ParallelOwn> & { readonly Branches: readonly Branch[] };
export type MapState = z.infer<typeof MapOwn> & { readonly ItemProcessor: Branch };
export type Retrier = z.infer<typeof Retrier>;
export type Catcher = z.infer<typeof Catcher>;

/** Any state. */
export type State =
  | PassState
  | TaskState
  | ChoiceState
  | WaitState
  | SucceedState
  | FailState
  | ParallelState
  | MapState;

/** States that run from one of them to an end: the machine, a Parallel's branch, a Map's processor. */
export interface Branch {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}
