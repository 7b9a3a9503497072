import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { batchQueuePrefix } from '../../../workflow/model/names.ts';
import type { StudyCloud } from './study-cloud.ts';

/** The queue of the run that a batch has open, past its workers. */
export interface RunQueue {
  /** Sends messages as Open Batch does. */
  send(messages: readonly object[]): Promise<void>;
  /** Counts what no worker has received. */
  waiting(): Promise<number>;
}

/** Finds the queue of a batch that runs. */
export async function openRunQueue(study: StudyCloud, batchId: string): Promise<RunQueue> {
  const { cloud, settings } = study;
  const QueueNamePrefix = batchQueuePrefix({ ...settings, batchId });
  const { QueueUrls: [QueueUrl] = [] } = await study
    .as('auditor')
    .sqs.send(new ListQueuesCommand({ QueueNamePrefix }));
  const as = (role: string) =>
    new SQSClient({
      endpoint: cloud.endpoint,
      region: cloud.region,
      credentials: cloud.credentials(role, 'test'),
    });
  const [sender, worker] = [as('TasksOpenBatchRole'), as('Worker')];
  return {
    async send(messages) {
      const Entries = messages.map((message, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(message),
      }));
      await sender.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    },
    async waiting() {
      const { Attributes } = await worker.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ['ApproximateNumberOfMessages'],
        }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages);
    },
  };
}
