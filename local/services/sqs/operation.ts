import * as z from 'zod';
import { parseBody, readInput, unsupported } from '../../read-input.ts';

const QueueUrl = z.string();
const tags = z.record(z.string(), z.string());

/**
 * Attributes that a queue may be given.
 *
 * Noted and without effect: `MessageRetentionPeriod` (no message expires), `RedriveAllowPolicy` and
 * `SqsManagedSseEnabled`. FIFO queues are not supported.
 */
const QueueAttributes = z.strictObject({
  VisibilityTimeout: z.string().optional(),
  DelaySeconds: z.string().optional(),
  MaximumMessageSize: z.string().optional(),
  MessageRetentionPeriod: z.string().optional(),
  ReceiveMessageWaitTimeSeconds: z.string().optional(),
  RedrivePolicy: z.string().optional(),
  RedriveAllowPolicy: z.string().optional(),
  Policy: z.string().optional(),
  KmsMasterKeyId: z.string().optional(),
  /** From a minute to a day, in seconds. */
  KmsDataKeyReusePeriodSeconds: z
    .string()
    .regex(/^\d+$/)
    .refine((seconds) => Number(seconds) >= 60 && Number(seconds) <= 86_400)
    .optional(),
  SqsManagedSseEnabled: z.string().optional(),
});
export type QueueAttributes = z.infer<typeof QueueAttributes>;

const attributeValue = z.strictObject({
  DataType: z.string(),
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
});

const message = {
  MessageBody: z.string(),
  DelaySeconds: z.number().optional(),
  MessageAttributes: z.record(z.string(), attributeValue).optional(),
};

const Id = z.string();

const schemas = {
  CreateQueue: z.strictObject({
    QueueName: z.string().regex(/^[\w-]{1,80}$/, 'FIFO queues and other names are not supported'),
    Attributes: QueueAttributes.optional(),
    tags: tags.optional(),
  }),
  DeleteQueue: z.strictObject({ QueueUrl }),
  GetQueueUrl: z.strictObject({ QueueName: z.string() }),
  ListQueues: z.strictObject({
    QueueNamePrefix: z.string().optional(),
    MaxResults: z.number().int().min(1).max(1000).optional(),
    NextToken: z.string().optional(),
  }),
  GetQueueAttributes: z.strictObject({
    QueueUrl,
    AttributeNames: z.array(z.string()).optional(),
  }),
  SetQueueAttributes: z.strictObject({ QueueUrl, Attributes: QueueAttributes }),
  PurgeQueue: z.strictObject({ QueueUrl }),
  SendMessage: z.strictObject({ QueueUrl, ...message }),
  SendMessageBatch: z.strictObject({
    QueueUrl,
    Entries: z.array(z.strictObject({ Id, ...message })),
  }),
  ReceiveMessage: z.strictObject({
    QueueUrl,
    MaxNumberOfMessages: z.number().optional(),
    VisibilityTimeout: z.number().optional(),
    WaitTimeSeconds: z.number().optional(),
    AttributeNames: z.array(z.string()).optional(),
    MessageSystemAttributeNames: z.array(z.string()).optional(),
    MessageAttributeNames: z.array(z.string()).optional(),
  }),
  DeleteMessage: z.strictObject({ QueueUrl, ReceiptHandle: z.string() }),
  DeleteMessageBatch: z.strictObject({
    QueueUrl,
    Entries: z.array(z.strictObject({ Id, ReceiptHandle: z.string() })),
  }),
  ChangeMessageVisibility: z.strictObject({
    QueueUrl,
    ReceiptHandle: z.string(),
    VisibilityTimeout: z.number(),
  }),
  ChangeMessageVisibilityBatch: z.strictObject({
    QueueUrl,
    Entries: z.array(
      z.strictObject({ Id, ReceiptHandle: z.string(), VisibilityTimeout: z.number() }),
    ),
  }),
  TagQueue: z.strictObject({ QueueUrl, Tags: tags }),
  UntagQueue: z.strictObject({ QueueUrl, TagKeys: z.array(z.string()) }),
  ListQueueTags: z.strictObject({ QueueUrl }),
};

type Schemas = typeof schemas;

/** One operation with its input, as far as the embedded cloud supports it. */
export type Operation = {
  [Name in keyof Schemas]: { readonly name: Name; readonly input: z.output<Schemas[Name]> };
}[keyof Schemas];

/**
 * Reads an operation.
 *
 * @throws ApiError UnsupportedOperation, SerializationException or InvalidParameterValue.
 */
export function readOperation(name: string, body: string): Operation {
  if (!(name in schemas)) throw unsupported('SQS', name);
  const known = name as keyof Schemas;
  const call = { service: 'SQS', operation: name, invalidCode: 'InvalidParameterValue' };
  return { name: known, input: readInput(call, schemas[known], parseBody(body)) } as Operation;
}
