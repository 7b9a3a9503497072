import * as z from 'zod';
import type { CreatedResource, DeclaredResource, ResourceHandler } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { parsePolicy } from '../../policy/document.ts';
import { readOperation } from './operation.ts';
import type { QueueOperations } from './queue-operations.ts';
import type { Queues } from './queues.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String).optional();
const jsonAttribute = z
  .record(z.string(), z.unknown())
  .transform((value) => JSON.stringify(value))
  .optional();

const QueueProperties = z.strictObject({
  QueueName: z.string().optional(),
  VisibilityTimeout: scalar,
  DelaySeconds: scalar,
  MaximumMessageSize: scalar,
  MessageRetentionPeriod: scalar,
  ReceiveMessageWaitTimeSeconds: scalar,
  RedrivePolicy: jsonAttribute,
  RedriveAllowPolicy: jsonAttribute,
  KmsMasterKeyId: scalar,
  KmsDataKeyReusePeriodSeconds: scalar,
  SqsManagedSseEnabled: scalar,
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
});

const QueuePolicyProperties = z.strictObject({
  Queues: z.array(z.string()).min(1),
  PolicyDocument: z.unknown(),
});

/** Creates the queues of templates, and their policies. */
export function queueResources(
  operations: QueueOperations,
  queues: Queues,
): readonly ResourceHandler[] {
  const createQueue = async (resource: DeclaredResource): Promise<CreatedResource> => {
    const { QueueName, Tags = [], ...attributes } = readProperties(QueueProperties, resource);
    const name = QueueName ?? `${resource.stack}-${resource.logicalId}`.slice(0, 80);
    const tags = {
      ...resource.tags,
      ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
    };
    const input = { QueueName: name, Attributes: attributes, tags };
    await operations.run(readOperation('CreateQueue', JSON.stringify(input)));
    const url = queues.url(name);
    return { ref: url, attributes: { Arn: queues.arn(name), QueueName: name, QueueUrl: url } };
  };
  const createPolicy = (resource: DeclaredResource): CreatedResource => {
    const properties = readProperties(QueuePolicyProperties, resource);
    const where = `${resource.stack}/${resource.logicalId}`;
    const policy = parsePolicy(properties.PolicyDocument, where);
    for (const url of properties.Queues) queues.ensure(queues.nameIn(url)).policy = policy;
    return { ref: where };
  };
  return [
    { type: 'AWS::SQS::Queue', create: createQueue },
    { type: 'AWS::SQS::QueuePolicy', create: createPolicy },
  ];
}
