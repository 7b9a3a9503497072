import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { SweepEvent } from './sweep-event.ts';
import { sweep, SweepOutput } from './sweep.ts';

const env = readEnvironment(
  z.object({
    STUDY: text,
    LEDGER_TABLE: text,
    DATA_KEY_ARN: text,
    EVIDENCE_FUNCTION: text,
    TOPIC_ARN: text,
    MAIL_TEMPLATE: text,
    MAIL_FROM: text,
    MAIL_TO: text,
  }),
);
const ec2 = new EC2Client();
const kms = new KMSClient();
const lambda = new LambdaClient();
const ses = new SESv2Client();
const sfn = new SFNClient();
const sns = new SNSClient();
const sqs = new SQSClient();
const table = { client: new DynamoDBClient(), name: env.LEDGER_TABLE };

export const handler = defineTask({
  input: SweepEvent,
  output: SweepOutput,
  logKeys: [
    'batches',
    'instances',
    'grants',
    'queues',
    'volumes',
    'interfaces',
    'outlived',
    'closed',
    'mails',
    'evidence',
  ],
  run: (event) =>
    sweep(event, {
      ec2,
      kms,
      lambda,
      ses,
      sfn,
      sns,
      sqs,
      table,
      study: env.STUDY,
      keyArn: env.DATA_KEY_ARN,
      evidenceFunction: env.EVIDENCE_FUNCTION,
      topicArn: env.TOPIC_ARN,
      mail: { template: env.MAIL_TEMPLATE, from: env.MAIL_FROM, to: env.MAIL_TO },
      now: () => new Date(),
      sleep: (seconds) => setTimeout(seconds * 1000),
    }),
});
