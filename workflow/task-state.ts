import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { IntegrationPattern, TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { ingestFunctionSeconds } from './ingest-functions.ts';
import { awsUnavailable, lambdaFailed, type RetryPolicy } from './retry-policies.ts';
import { functionSeconds, graceSeconds } from './task-functions.ts';

/** How long each function of each machine may run. */
const secondsOf = { ...functionSeconds, ...ingestFunctionSeconds } as const;

/** A function of any machine. */
type AnyTask = keyof typeof secondsOf;

export interface TaskStateProps<Task extends AnyTask> {
  /** The function, by its folder under `tasks/`. */
  readonly task: Task;
  /** What the state does, for a reader of the run graph. */
  readonly comment: string;
  /** What the function gets: constants, and JSONata in `{% %}`. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Variables to set from the function's answer. */
  readonly assign?: Readonly<Record<string, unknown>>;
  /** Retried besides the failures of AWS that every task retries. */
  readonly retry?: readonly RetryPolicy[];
}

export interface TokenStateProps<Task extends AnyTask> extends TaskStateProps<Task> {
  /** Longest wait for the answer: seconds, or JSONata that gives them. */
  readonly timeout: Timeout;
  /** Longest wait for the first heartbeat, and from one to the next. */
  readonly heartbeatSeconds: number;
  /** Whatever it fails with is final: not even failures of AWS are retried. @default false */
  readonly isFinal?: boolean;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A Task state that calls a function and goes on with its answer. */
export function taskState<Task extends AnyTask>(
  scope: Construct,
  name: string,
  functions: Readonly<Record<Task, IFunction>>,
  { task, comment, payload, assign, retry = [] }: TaskStateProps<NoInfer<Task>>,
): LambdaInvoke {
  const seconds = secondsOf[task] + graceSeconds;
  const state = LambdaInvoke.jsonata(scope, name, {
    lambdaFunction: functions[task],
    comment,
    payload: TaskInput.fromObject(payload),
    taskTimeout: Timeout.duration(Duration.seconds(seconds)),
    retryOnServiceExceptions: false,
    // Without the response's HTTP headers, which are the rest of the result.
    outputs: '{% $states.result.Payload %}',
    assign,
  });
  return addRetries(state, retry);
}

/**
 * A Task state whose function tells a worker what to do; it goes on when the worker answers to the
 * task token, and fails when its heartbeats stop.
 */
export function tokenState<Task extends AnyTask>(
  scope: Construct,
  name: string,
  functions: Readonly<Record<Task, IFunction>>,
  {
    task,
    comment,
    payload,
    assign,
    outputs,
    timeout,
    heartbeatSeconds,
    isFinal = false,
    retry = [],
  }: TokenStateProps<NoInfer<Task>>,
): LambdaInvoke {
  const state = LambdaInvoke.jsonata(scope, name, {
    lambdaFunction: functions[task],
    comment,
    payload: TaskInput.fromObject({ taskToken: '{% $states.context.Task.Token %}', ...payload }),
    integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    taskTimeout: timeout,
    heartbeatTimeout: Timeout.duration(Duration.seconds(heartbeatSeconds)),
    retryOnServiceExceptions: false,
    outputs,
    assign,
  });
  return isFinal ? state : addRetries(state, retry);
}

function addRetries(state: LambdaInvoke, retry: readonly RetryPolicy[]): LambdaInvoke {
  for (const policy of [...retry, awsUnavailable, lambdaFailed]) {
    state.addRetry({ ...policy, errors: [...policy.errors] });
  }
  return state;
}
