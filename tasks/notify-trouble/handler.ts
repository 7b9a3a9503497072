import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SNSClient } from '@aws-sdk/client-sns';
import * as z from 'zod';
import { sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { notifyTrouble, NotifyTroubleInput, NotifyTroubleOutput } from './notify-trouble.ts';

const env = readEnvironment(
  z.object({
    STUDY: text,
    SENSOR_TABLE: text,
    TOPIC_ARN: text,
    MAIL_TEMPLATE: text,
    MAIL_FROM: text,
    MAIL_TO: text,
  }),
);
const ses = new SESv2Client();
const sns = new SNSClient();
const table = sensorTable(new DynamoDBClient(), env.SENSOR_TABLE);

export const handler = defineTask({
  input: NotifyTroubleInput,
  output: NotifyTroubleOutput,
  logKeys: ['run', 'sent'],
  run: (input) =>
    notifyTrouble(input, {
      ses,
      sns,
      table,
      study: env.STUDY,
      topicArn: env.TOPIC_ARN,
      mail: { template: env.MAIL_TEMPLATE, from: env.MAIL_FROM, to: env.MAIL_TO },
      now: () => new Date(),
      sleep: (seconds) => setTimeout(seconds * 1000),
    }),
});
