import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { ContractError } from '../workflow/model/errors.ts';
import { ObjectMessage } from '../workflow/model/manifest.ts';
import type { Log } from './log.ts';

/** One delivery of an object's message. */
export interface Delivery {
  readonly objectId: string;
  readonly messageId: string;
  readonly receiptHandle: string;
  /** How often the message was delivered, this time included. */
  readonly receiveCount: number;
}

/** Messages that are not deleted yet. SQS calls the numbers approximate. */
export interface QueueCounts {
  /** To be had now, or later. */
  readonly waiting: number;
  /** With a worker, this one included. */
  readonly delivered: number;
}

/** The queue of one run. */
export interface BatchQueue {
  /** A delivery's message comes back after so many seconds, unless it is extended. */
  readonly visibilitySeconds: number;
  /** Deliveries of a message before it goes to the dead-letter queue. */
  readonly mostDeliveries: number;
  receive(most: number, waitSeconds: number, signal: AbortSignal): Promise<Delivery[]>;
  /** Keeps a message for another whole visibility timeout. */
  extend(delivery: Delivery): Promise<void>;
  /** Gives a message back, to be delivered again after so many seconds. */
  release(delivery: Pick<Delivery, 'receiptHandle'>, seconds: number): Promise<void>;
  remove(delivery: Delivery): Promise<void>;
  count(): Promise<QueueCounts>;
}

const number = z.string().regex(/^\d+$/).transform(Number);
const Counts = z.object({
  ApproximateNumberOfMessages: number,
  ApproximateNumberOfMessagesNotVisible: number,
  ApproximateNumberOfMessagesDelayed: number,
});
const Rules = z.object({
  VisibilityTimeout: number,
  RedrivePolicy: z.string().transform((text): unknown => JSON.parse(text)),
});
/** SQS answers a number; what set it may have been a text. */
const Redrive = z.object({ maxReceiveCount: z.coerce.number().int().min(1) });

/**
 * Opens a run's queue by reading its rules.
 *
 * @throws ContractError where the queue has no redrive policy: a message would come back for ever
 */
export async function openQueue(
  sqs: SQSClient,
  { queueUrl, batchId, log }: { queueUrl: string; batchId: string; log: Log },
): Promise<BatchQueue> {
  const place = { QueueUrl: queueUrl };
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      ...place,
      AttributeNames: ['VisibilityTimeout', 'RedrivePolicy'],
    }),
  );
  const rules = Rules.safeParse(Attributes);
  const redrive = Redrive.safeParse(rules.data?.RedrivePolicy);
  if (!rules.success || !redrive.success) {
    throw new ContractError('the queue has no visibility timeout or redrive policy');
  }
  const visibilitySeconds = rules.data.VisibilityTimeout;

  const setVisibility = async (ReceiptHandle: string, VisibilityTimeout: number): Promise<void> => {
    await sqs.send(
      new ChangeMessageVisibilityCommand({ ...place, ReceiptHandle, VisibilityTimeout }),
    );
  };
  return {
    visibilitySeconds,
    mostDeliveries: redrive.data.maxReceiveCount,
    async receive(most, waitSeconds, signal) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          ...place,
          MaxNumberOfMessages: Math.min(most, 10),
          WaitTimeSeconds: waitSeconds,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
        { abortSignal: signal },
      );
      const deliveries: Delivery[] = [];
      for (const message of Messages) {
        const delivery = readDelivery(message, batchId);
        if (delivery !== undefined) deliveries.push(delivery);
        else {
          // It is delivered until the redrive policy has enough, and lies in the dead-letter queue.
          log('message refused', { batchId });
          await setVisibility(message.ReceiptHandle ?? '', 0);
        }
      }
      return deliveries;
    },
    extend: ({ receiptHandle }) => setVisibility(receiptHandle, visibilitySeconds),
    release: ({ receiptHandle }, seconds) => setVisibility(receiptHandle, seconds),
    async remove({ receiptHandle }) {
      await sqs.send(new DeleteMessageCommand({ ...place, ReceiptHandle: receiptHandle }));
    },
    async count() {
      const answer = await sqs.send(
        new GetQueueAttributesCommand({
          ...place,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      );
      const counts = Counts.parse(answer.Attributes);
      return {
        waiting: counts.ApproximateNumberOfMessages + counts.ApproximateNumberOfMessagesDelayed,
        delivered: counts.ApproximateNumberOfMessagesNotVisible,
      };
    },
  };
}

const Received = z.object({
  MessageId: z.string(),
  ReceiptHandle: z.string(),
  Body: z.string(),
  Attributes: z.object({ ApproximateReceiveCount: number }),
});

function readDelivery(message: Message, batchId: string): Delivery | undefined {
  const received = Received.safeParse(message);
  if (!received.success) return undefined;
  const { MessageId, ReceiptHandle, Body, Attributes } = received.data;
  const body = ObjectMessage.safeParse(parseJson(Body));
  if (body.data?.batchId !== batchId) return undefined;
  return {
    objectId: body.data.objectId,
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    receiveCount: Attributes.ApproximateReceiveCount,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
