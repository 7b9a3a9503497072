import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { openBatch, OpenBatchInput, OpenBatchOutput } from './open-batch.ts';

const env = readEnvironment(
  z.object({
    STUDY: text,
    ANCILLARY_BUCKET: text,
    LEDGER_TABLE: text,
    DEAD_LETTER_QUEUE_ARN: text,
    STORAGE_KEY_ARN: text,
  }),
);
const s3 = new S3Client();
const sqs = new SQSClient();
const table = { client: new DynamoDBClient(), name: env.LEDGER_TABLE };

export const handler = defineTask({
  input: OpenBatchInput,
  output: OpenBatchOutput,
  logKeys: ['batchId', 'pipeline', 'objects', 'notListed'],
  run: (input) =>
    openBatch(input, {
      s3,
      sqs,
      table,
      study: env.STUDY,
      bucket: env.ANCILLARY_BUCKET,
      deadLetterQueueArn: env.DEAD_LETTER_QUEUE_ARN,
      storageKeyArn: env.STORAGE_KEY_ARN,
      now: () => new Date(),
    }),
});
