import type { Access, CallRecord } from '../../api.ts';
import type { ContextValues } from '../../policy/request-context.ts';
import type { Operation } from './operation.ts';
import type { Queue, Queues } from './queues.ts';

function tagged(
  prefix: 'aws:RequestTag' | 'aws:ResourceTag',
  tags: Iterable<readonly [string, string]>,
) {
  return Object.fromEntries([...tags].map(([key, value]) => [`${prefix}/${key}`, value]));
}

function requestTags(tags: Readonly<Record<string, string>>): ContextValues {
  return { ...tagged('aws:RequestTag', Object.entries(tags)), 'aws:TagKeys': Object.keys(tags) };
}

/** Permissions are for single messages; a batch needs the same. */
function actionOf(name: Operation['name']): string {
  return `sqs:${name.replace(/Batch$/, '')}`;
}

function tagContext(operation: Operation): ContextValues {
  if (operation.name === 'TagQueue') return requestTags(operation.input.Tags);
  if (operation.name === 'UntagQueue') return { 'aws:TagKeys': operation.input.TagKeys };
  return {};
}

function onQueue(operation: Operation, arn: string, queue: Queue | undefined): Access {
  return {
    action: actionOf(operation.name),
    resource: arn,
    context: { ...tagged('aws:ResourceTag', queue?.tags ?? []), ...tagContext(operation) },
    ...(queue?.policy === undefined ? {} : { resourcePolicy: queue.policy }),
  };
}

/** What an operation asks the policies. */
export function operationAccess(operation: Operation, queues: Queues): Access[] {
  const { name, input } = operation;
  if (name === 'ListQueues') return [{ action: 'sqs:ListQueues', resource: '*' }];
  if (name === 'CreateQueue') {
    const resource = queues.arn(input.QueueName);
    const tags = input.tags ?? {};
    const context = requestTags(tags);
    const create = { action: 'sqs:CreateQueue', resource, context };
    // AWS asks for both when a queue is born with tags.
    if (Object.keys(tags).length === 0) return [create];
    return [create, { action: 'sqs:TagQueue', resource, context }];
  }
  const queueName = name === 'GetQueueUrl' ? input.QueueName : queues.nameIn(input.QueueUrl);
  return [onQueue(operation, queues.arn(queueName), queues.get(queueName))];
}

const readOnly = new Set(['GetQueueUrl', 'ListQueues', 'GetQueueAttributes', 'ListQueueTags']);
const dataEvents = new Set([
  'SendMessage',
  'SendMessageBatch',
  'ReceiveMessage',
  'DeleteMessage',
  'DeleteMessageBatch',
  'ChangeMessageVisibility',
  'ChangeMessageVisibilityBatch',
]);

/** The access log's part of an operation: which queue, never a message. */
export function operationRecord(
  { name, input }: Operation,
  accesses: readonly Access[],
): CallRecord {
  return {
    eventName: name,
    readOnly: readOnly.has(name),
    dataEvent: dataEvents.has(name),
    requestParameters: {
      ...('QueueUrl' in input ? { queueUrl: input.QueueUrl } : {}),
      ...('QueueName' in input ? { queueName: input.QueueName } : {}),
      ...('tags' in input ? { tags: input.tags } : {}),
      ...('Tags' in input ? { tags: input.Tags } : {}),
    },
    resources: accesses
      .filter(({ resource }) => resource !== '*')
      .slice(0, 1)
      .map(({ resource }) => ({ ARN: resource, type: 'AWS::SQS::Queue' })),
  };
}
