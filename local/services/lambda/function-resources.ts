import * as z from 'zod';
import type { DeclaredResource, ResourceHandler, Surroundings } from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';
import type { AsyncInvocations } from './async-invocations.ts';
import { type CodeOf, readFunction } from './declared-function.ts';
import type { FunctionDirectory } from './function-directory.ts';

const PermissionProperties = z.strictObject({
  Action: z.literal('lambda:InvokeFunction'),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceAccount: z.string().optional(),
  SourceArn: z.string().optional(),
});

const EventInvokeConfigProperties = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(21_600).optional(),
  MaximumRetryAttempts: z.coerce.number().int().min(0).max(2).optional(),
  DestinationConfig: z
    .strictObject({
      OnFailure: z
        .strictObject({ Destination: z.string().regex(/^arn:[^:]+:sqs:/, 'must be a queue') })
        .optional(),
    })
    .optional(),
});

/** Creates functions, who may invoke them, and what becomes of their asynchronous events. */
export function functionResources(
  surroundings: Surroundings,
  codeOf: CodeOf,
  functions: FunctionDirectory,
  later: AsyncInvocations,
): ResourceHandler[] {
  return [
    {
      type: 'AWS::Lambda::Function',
      create(resource) {
        const declared = readFunction(resource, surroundings, codeOf);
        functions.add(declared);
        return { ref: declared.name, attributes: { Arn: declared.arn } };
      },
    },
    {
      type: 'AWS::Lambda::Permission',
      create(resource) {
        const read = readProperties(PermissionProperties, resource);
        nameUnknownFunction(resource, () =>
          functions.permit(read.FunctionName, permissionStatement(resource.logicalId, read)),
        );
        return { ref: resource.logicalId, attributes: { Id: resource.logicalId } };
      },
    },
    {
      type: 'AWS::Lambda::EventInvokeConfig',
      create(resource) {
        const read = readProperties(EventInvokeConfigProperties, resource);
        nameUnknownFunction(resource, () =>
          later.configure(functions.get(read.FunctionName), {
            maxRetries: read.MaximumRetryAttempts,
            maxAgeSeconds: read.MaximumEventAgeInSeconds,
            onFailureQueueArn: read.DestinationConfig?.OnFailure?.Destination,
          }),
        );
        return { ref: `${read.FunctionName}|$LATEST` };
      },
    },
  ];
}

function permissionStatement(
  sid: string,
  { Action, Principal, SourceAccount, SourceArn }: z.output<typeof PermissionProperties>,
): object {
  const isService = Principal.endsWith('.amazonaws.com');
  const condition = {
    ...(SourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': SourceArn } }),
    ...(SourceAccount === undefined
      ? {}
      : { StringEquals: { 'AWS:SourceAccount': SourceAccount } }),
  };
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: isService ? { Service: Principal } : { AWS: Principal },
    Action,
    // The policy is held at one function and asked about no other.
    Resource: '*',
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

function nameUnknownFunction(
  { stack, logicalId, type }: DeclaredResource,
  create: () => void,
): void {
  try {
    create();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ResourcePropertyError(`${stack}/${logicalId} (${type}): ${reason}`, { cause: error });
  }
}
