import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';

/** One receipt of a message. */
export interface Receipt {
  readonly body: string;
  readonly receiptHandle: string;
  /** How often the message was received, this time included. */
  readonly receiveCount: number;
  /** When it came into the queue, in milliseconds: its retention counts from here. */
  readonly queuedAt: number;
}

/** The sensor queue. */
export interface SensorQueue {
  /** Up to ten messages; none where there are none. */
  receive(waitSeconds: number, signal: AbortSignal): Promise<Receipt[]>;
  /** Deletes messages, and answers how many could not be: they come again, and are known then. */
  remove(receipts: readonly Receipt[]): Promise<number>;
  /** Messages that could be received now, about. */
  backlog(): Promise<number>;
}

const number = z.string().regex(/^\d+$/).transform(Number);
const Received = z.object({
  Body: z.string(),
  ReceiptHandle: z.string(),
  Attributes: z.object({ ApproximateReceiveCount: number, SentTimestamp: number }),
});

/** SQS's limit of one receive, and of one batch of deletes. */
export const mostReceived = 10;
/** Deletes that are sent at once. */
const parallel = 8;

/** Makes the queue of its URL. */
export function sensorQueue(sqs: SQSClient, QueueUrl: string): SensorQueue {
  return {
    async receive(WaitTimeSeconds, abortSignal) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          WaitTimeSeconds,
          MaxNumberOfMessages: mostReceived,
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
        }),
        { abortSignal },
      );
      return Messages.map((message) => {
        const { Body, ReceiptHandle, Attributes } = Received.parse(message);
        return {
          body: Body,
          receiptHandle: ReceiptHandle,
          receiveCount: Attributes.ApproximateReceiveCount,
          queuedAt: Attributes.SentTimestamp,
        };
      });
    },
    async remove(receipts) {
      let failed = 0;
      const rest = receipts.values();
      const removeSome = async (): Promise<void> => {
        for (
          let some = [...rest.take(mostReceived)];
          some.length > 0;
          some = [...rest.take(mostReceived)]
        ) {
          const Entries = some.map(({ receiptHandle }, index) => ({
            Id: String(index),
            ReceiptHandle: receiptHandle,
          }));
          const answer = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
          failed += answer.Failed?.length ?? 0;
        }
      };
      await Promise.all(Array.from({ length: parallel }, removeSome));
      return failed;
    },
    async backlog() {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ['ApproximateNumberOfMessages'],
        }),
      );
      return number.parse(Attributes?.ApproximateNumberOfMessages);
    },
  };
}
