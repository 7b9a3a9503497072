import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** A queue as its attributes tell it, without receiving anything of it. About: SQS counts loosely. */
export interface QueueState {
  /** Visible, or received and neither deleted nor back. */
  readonly messages: number;
  readonly createdAt: Date;
}

/** Reads how much is in a queue. */
export async function readQueue(sqs: SQSClient, queueUrl: string): Promise<QueueState> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'CreatedTimestamp',
      ],
    }),
  );
  const numberOf = (name: keyof typeof Attributes) => Number(Attributes[name] ?? 0);
  return {
    messages:
      numberOf('ApproximateNumberOfMessages') + numberOf('ApproximateNumberOfMessagesNotVisible'),
    createdAt: new Date(numberOf('CreatedTimestamp') * 1000),
  };
}
