import type { Chain } from './chain.ts';
import { failureDetails, type Failure } from './failure.ts';
import type { Json } from './json.ts';
import type { Resource } from './resource.ts';

/** The limits of one attempt, absent where the state sets none. */
export interface TaskLimits {
  readonly timeoutSeconds?: number;
  readonly heartbeatSeconds?: number;
}

/** Writes the events of one attempt of a Task. */
export interface TaskEvents {
  /** How AWS names the resource when a result is too large. */
  readonly subject: string;
  started(parameters: Json, limits: TaskLimits): void;
  submitted(output: Json): void;
  succeeded(output: Json): void;
  failed(failure: Failure): void;
  timedOut(): void;
}

/** A Lambda function named by its ARN has its own events; every other resource is a service integration. */
export function taskEvents(resource: Resource, chain: Chain, region: string): TaskEvents {
  return resource.kind === 'lambdaFunction'
    ? lambdaFunctionEvents(resource.arn, chain)
    : integrationEvents(resource, chain, region);
}

function lambdaFunctionEvents(arn: string, chain: Chain): TaskEvents {
  return {
    subject: arn,
    started(parameters, { timeoutSeconds }) {
      chain.add('LambdaFunctionScheduled', {
        resource: arn,
        input: JSON.stringify(parameters),
        inputDetails: { truncated: false },
        ...(timeoutSeconds !== undefined && { timeoutInSeconds: timeoutSeconds }),
      });
      chain.add('LambdaFunctionStarted');
    },
    submitted: () => undefined,
    succeeded: (output) => chain.add('LambdaFunctionSucceeded', outputDetails(output)),
    failed: (failure) => chain.add('LambdaFunctionFailed', failureDetails(failure)),
    timedOut: () => chain.add('LambdaFunctionTimedOut', { error: 'States.Timeout' }),
  };
}

function integrationEvents(
  { resourceType, resource }: Extract<Resource, { kind: 'integration' }>,
  chain: Chain,
  region: string,
): TaskEvents {
  const which = { resourceType, resource };
  return {
    subject: resourceType,
    started(parameters, { timeoutSeconds, heartbeatSeconds }) {
      chain.add('TaskScheduled', {
        ...which,
        region,
        parameters: JSON.stringify(parameters),
        ...(timeoutSeconds !== undefined && { timeoutInSeconds: timeoutSeconds }),
        ...(heartbeatSeconds !== undefined && { heartbeatInSeconds: heartbeatSeconds }),
      });
      chain.add('TaskStarted', which);
    },
    submitted: (output) => chain.add('TaskSubmitted', { ...which, ...outputDetails(output) }),
    succeeded: (output) => chain.add('TaskSucceeded', { ...which, ...outputDetails(output) }),
    failed: (failure) => chain.add('TaskFailed', { ...which, ...failureDetails(failure) }),
    timedOut: () => chain.add('TaskTimedOut', { ...which, error: 'States.Timeout' }),
  };
}

function outputDetails(output: Json) {
  return { output: JSON.stringify(output), outputDetails: { truncated: false } };
}
