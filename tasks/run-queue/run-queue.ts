import {
  DeleteQueueCommand,
  GetQueueUrlCommand,
  paginateListQueues,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { isAwsError } from '../../runtime/aws-errors.ts';

/** What SQS calls a queue that is not there: the JSON protocol's name, and the older one. */
const absent = new Set(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);

/** Finds a queue's URL; undefined where there is no such queue. */
export async function findQueue(sqs: SQSClient, queueName: string): Promise<string | undefined> {
  try {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }));
    return QueueUrl;
  } catch (error) {
    if (isAwsError(error, absent)) return undefined;
    throw error;
  }
}

/** Finds the URLs of all queues whose names begin with `prefix`. */
export async function findQueues(sqs: SQSClient, prefix: string): Promise<string[]> {
  const found: string[] = [];
  const pages = paginateListQueues({ client: sqs, pageSize: 1000 }, { QueueNamePrefix: prefix });
  for await (const page of pages) found.push(...(page.QueueUrls ?? []));
  return found;
}

/** The name of a queue: what its URL ends with. */
export const queueNameIn = (queueUrl: string): string =>
  queueUrl.slice(queueUrl.lastIndexOf('/') + 1);

/** Deletes a queue with what is left in it. One that is gone already is as good as deleted. */
export async function deleteQueue(sqs: SQSClient, queueUrl: string): Promise<void> {
  try {
    await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
  } catch (error) {
    if (!isAwsError(error, absent)) throw error;
  }
}
