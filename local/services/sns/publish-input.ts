import * as z from 'zod';
import { ApiError } from '../../api.ts';
import { readQueryParameters } from '../ec2/query-parameters.ts';
import { readInput } from '../../read-input.ts';

/** An attribute of a message, as subscribers see it. */
export interface MessageAttribute {
  readonly Type: string;
  readonly Value: string;
}

/** What is to be published. */
export interface PublishInput {
  readonly topicArn: string;
  readonly message: string;
  readonly subject: string | undefined;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
}

/** A message and its attributes hold 256 KB. */
const longestMessageBytes = 256 * 1024;

const Parameters = z.strictObject({
  Action: z.literal('Publish'),
  Version: z.literal('2010-03-31'),
  TopicArn: z.string().optional(),
  TargetArn: z.string().optional(),
  Message: z.string().min(1),
  Subject: z
    .string()
    .regex(/^[ -~]{1,100}$/)
    .optional(),
  MessageAttributes: z
    .strictObject({
      entry: z.array(
        z.strictObject({
          Name: z.string(),
          Value: z.strictObject({
            DataType: z.string().regex(/^(String|Number)(\.|$)|^String\.Array$/),
            StringValue: z.string(),
          }),
        }),
      ),
    })
    .optional(),
});

/**
 * Reads a Publish request to a topic.
 *
 * @throws ApiError for messages to phones, by protocol (MessageStructure), to FIFO topics, and for
 * binary attributes: they are refused by name.
 */
export function readPublish(body: string): PublishInput {
  const read = readInput(
    { service: 'SNS', operation: 'Publish' },
    Parameters,
    readQueryParameters(body),
  );
  const topicArn = read.TopicArn ?? read.TargetArn;
  if (topicArn === undefined)
    throw new ApiError('InvalidParameter', 'Invalid parameter: TopicArn or TargetArn is required');
  if (Buffer.byteLength(read.Message) > longestMessageBytes)
    throw new ApiError('InvalidParameter', 'Invalid parameter: Message too long');
  const entries = (read.MessageAttributes?.entry ?? []).map(
    ({ Name, Value }) => [Name, { Type: Value.DataType, Value: Value.StringValue }] as const,
  );
  return {
    topicArn,
    message: read.Message,
    subject: read.Subject,
    attributes: Object.fromEntries(entries),
  };
}
