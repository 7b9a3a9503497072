import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { reportGaps, ReportGapsInput, ReportGapsOutput } from './report-gaps.ts';

const env = readEnvironment(
  z.object({ SENSOR_TABLE: text, QUEUE_URL: text, DEAD_LETTER_QUEUE_URL: text }),
);
const sqs = new SQSClient();
const table = sensorTable(new DynamoDBClient(), env.SENSOR_TABLE);

export const handler = defineTask({
  input: ReportGapsInput,
  output: ReportGapsOutput,
  logKeys: ['startedAt', 'devices', 'silent', 'newestSilenceAt'],
  run: (input) =>
    reportGaps(input, {
      sqs,
      table,
      queueUrl: env.QUEUE_URL,
      deadLetterQueueUrl: env.DEAD_LETTER_QUEUE_URL,
      now: () => new Date(),
    }),
});
