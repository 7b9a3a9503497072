import type { ApiResponse, FunctionAnswer } from '../../../local/api.ts';
import type { Instance } from '../../../local/services/ec2/instance.ts';
import type { StudyCloud } from '../../e2e/support/study-cloud.ts';

/** Something that goes wrong at one Task state. */
export interface Fault {
  /** A clause that follows the state's name: "Launch Worker" "throws an unknown error". */
  readonly name: string;
  /** The row of docs/failure-model.md that it belongs to. */
  readonly kind: FaultKind;
  /** A mail may come a second time: SES takes no token that would tell a repeated call. */
  readonly mayRepeatMail?: boolean;
  /** Has the pipeline take a moment for each object, so that it is at work when something happens. */
  readonly isSlow?: boolean;
  /** Workers that the batch asks for. @default 1 */
  readonly workers?: number;
  /** Stands in place of an invocation of the state's function. */
  readonly invoke?: (invocation: Invocation) => Promise<FunctionAnswer>;
  /** Stands in place of a call to AWS that the state's function or worker makes. */
  readonly call?: (call: AwsCall) => Promise<ApiResponse>;
  /** Done before the execution starts, and undone after it. */
  readonly prepare?: (study: StudyCloud) => () => void;
}

/** The rows of docs/failure-model.md, in their order. */
export const faultKinds = [
  'task throws a named error',
  'task throws an unknown error',
  'task times out',
  'answer lost after the effect',
  'task invoked twice at once',
  'answer off contract',
  'AWS throttles',
  'AWS denies',
  'reply of AWS lost after the effect',
  'machine lost',
  'machine frozen',
  'agent killed',
  'machine never online',
  'no room for machines',
  'execution stopped',
  'execution timed out',
  'orchestrator restarted',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One invocation of the function of the state that the fault is at. */
export interface Invocation {
  /** Counts from 1, over all visits of the state. */
  readonly attempt: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly executionArn: string;
  readonly study: StudyCloud;
  /** The machine that runs for the batch. */
  readonly machine: () => Instance;
  /** Invokes the function. */
  readonly proceed: () => Promise<FunctionAnswer>;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
  /** Does something that no time is to jump over. */
  readonly hold: <T>(work: () => Promise<T>) => Promise<T>;
  /** Stops every process of a machine, as a host that hangs does. */
  readonly freeze: (machine: Instance) => void;
}

/** A call to AWS while the execution is at the state that the fault is at. */
export interface AwsCall {
  readonly by: 'function' | 'worker';
  /** Invocations of the state's function so far. */
  readonly attempt: number;
  /** As the signature names it, e.g. `ec2`. */
  readonly service: string;
  /** As far as request line and headers tell it. */
  readonly operation: string;
  /** Calls like this one were made so often before, while the state was visited. */
  readonly before: number;
  /** Refuses as policies do that do not allow the call. */
  readonly deny: () => void;
  /** Lets the call through. If it changed anything: the how manieth of its operation that was. */
  readonly proceed: () => Promise<{
    readonly answer: ApiResponse;
    readonly change: number | undefined;
  }>;
}

/** A function's answer that is an error with this name. */
export function thrown(
  errorType: string,
  errorMessage = 'the failure prover says so',
): FunctionAnswer {
  return { functionError: 'Unhandled', payload: JSON.stringify({ errorType, errorMessage }) };
}
