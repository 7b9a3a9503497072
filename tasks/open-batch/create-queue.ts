import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Run } from '../../workflow/model/batch-plan.ts';
import { ContractError } from '../../workflow/model/errors.ts';
import { queueName } from '../../workflow/model/names.ts';
import { heartbeatTimeoutSeconds } from '../../workflow/model/worker-command.ts';
import { runTags } from '../run-instances/run-scope.ts';

export interface QueueDeps {
  readonly sqs: SQSClient;
  readonly study: string;
  readonly deadLetterQueueArn: string;
  readonly storageKeyArn: string;
}

/** Deliveries of an object's message before it goes to the dead-letter queue. */
const mostDeliveries = 4;

const secondsPerDay = 86_400;

/**
 * Creates a run's queue and answers its URL. SQS answers a repeated call with the same queue.
 */
export async function createQueue(
  run: Run,
  { sqs, study, deadLetterQueueArn, storageKeyArn }: QueueDeps,
): Promise<string> {
  const name = queueName({ study, ...run });
  const arn = [...deadLetterQueueArn.split(':').slice(0, 5), name].join(':');
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: {
        KmsMasterKeyId: storageKeyArn,
        // A worker that is gone gives its messages back when its heartbeats are missed.
        VisibilityTimeout: String(heartbeatTimeoutSeconds),
        ReceiveMessageWaitTimeSeconds: '20',
        // SQS's most. A run of three attempts at the longest maxMinutes takes three days.
        MessageRetentionPeriod: String(14 * secondsPerDay),
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: deadLetterQueueArn,
          maxReceiveCount: mostDeliveries,
        }),
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 'sqs:*',
              Resource: arn,
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        }),
      },
      tags: runTags(study, run),
    }),
  );
  if (QueueUrl === undefined) throw new ContractError('SQS answered a new queue without its URL');
  return QueueUrl;
}
