import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { Ended } from '../evaporation/evaporate.ts';
import { terminateWorkers, TerminateWorkersInput } from './terminate-workers.ts';

const env = readEnvironment(z.object({ STUDY: text, DATA_KEY_ARN: text }));
const ec2 = new EC2Client();
const kms = new KMSClient();
const sqs = new SQSClient();

export const handler = defineTask({
  input: TerminateWorkersInput,
  output: Ended,
  logKeys: ['batchId', 'instances', 'grants', 'queues'],
  run: (input) =>
    terminateWorkers(input, { ec2, kms, sqs, study: env.STUDY, keyArn: env.DATA_KEY_ARN }),
});
