import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { CloudCaller, CreatedResource, DeclaredResource, FunctionInvoker } from '../api.ts';
import type { Clock } from '../clock.ts';
import type { Callbacks } from '../gateway/callbacks.ts';
import { AssemblyError } from './assembly-error.ts';
import { readProperties } from './read-properties.ts';
import { stackId } from './stack-parameters.ts';
import type { Target } from './cloud-assembly.ts';

const defaultTimeoutSeconds = 300;

const CustomProperties = z.looseObject({
  ServiceToken: z.string().regex(/^arn:aws:lambda:/, 'must be the ARN of a Lambda function'),
  ServiceTimeout: z.coerce.number().int().positive().optional(),
});

/** What the function of a custom resource PUTs to its `ResponseURL`. */
const CustomAnswer = z.looseObject({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string().optional(),
  Data: z.record(z.string(), z.unknown()).optional(),
});

/** CloudFormation hands on every scalar as text. */
function asTexts(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(asTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asTexts(item)]));
}

function attribute(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whether resources of this type are made by a function of the deployment itself. */
export function isCustomType(type: string): boolean {
  return type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource';
}

/** What creating custom resources takes. */
export interface CustomResourceSurroundings {
  readonly target: Target;
  readonly clock: Clock;
  readonly callbacks: Callbacks;
  readonly invoker: FunctionInvoker;
  /** Who deploys: CloudFormation's execution role. */
  readonly caller: CloudCaller;
}

/**
 * Creates a custom resource: invokes its function with a Create event and waits for the PUT to `ResponseURL`.
 *
 * The URL is plain `http`: a function that always takes `node:https` for it, as those that CDK brings along do, cannot
 * answer. Update and Delete events are never sent, as the cloud ends at once.
 *
 * @throws AssemblyError when the function fails, answers FAILED, or does not answer within `ServiceTimeout`
 * (5 minutes where none is declared).
 * @see AWS CloudFormation User Guide, "Custom resource request objects"
 */
export async function createCustomResource(
  resource: DeclaredResource,
  { target, clock, callbacks, invoker, caller }: CustomResourceSurroundings,
): Promise<CreatedResource> {
  const { stack, logicalId, type } = resource;
  const { ServiceToken, ServiceTimeout } = readProperties(CustomProperties, resource);
  const timeoutSeconds = ServiceTimeout ?? defaultTimeoutSeconds;
  const callback = callbacks.open();
  const ended = new AbortController();
  const event = {
    RequestType: 'Create',
    ResponseURL: callback.url,
    StackId: stackId(stack, target),
    RequestId: randomUUID(),
    ResourceType: type,
    LogicalResourceId: logicalId,
    ServiceToken,
    ResourceProperties: asTexts(resource.properties),
  };
  const invoke = async (): Promise<never> => {
    const { functionError } = await invoker.invoke(caller, ServiceToken, JSON.stringify(event));
    if (functionError !== undefined) throw new AssemblyError('its function failed');
    await clock.sleep(timeoutSeconds * 1000, ended.signal);
    throw new AssemblyError(`its function did not answer within ${timeoutSeconds} seconds`);
  };
  try {
    const answer = CustomAnswer.parse(JSON.parse(await Promise.race([callback.answer, invoke()])));
    if (answer.Status === 'FAILED')
      throw new AssemblyError(
        `its function answered FAILED: ${answer.Reason ?? 'no reason given'}`,
      );
    const attributes = Object.entries(answer.Data ?? {}).map(
      ([name, value]) => [name, attribute(value)] as const,
    );
    return {
      ref: answer.PhysicalResourceId ?? event.RequestId,
      attributes: Object.fromEntries(attributes),
    };
  } finally {
    ended.abort();
    callback.close();
  }
}
