import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { retireWorker, RetireWorkerInput, RetireWorkerOutput } from './retire-worker.ts';

const env = readEnvironment(z.object({ STUDY: text, DATA_KEY_ARN: text }));
const ec2 = new EC2Client();
const kms = new KMSClient();

export const handler = defineTask({
  input: RetireWorkerInput,
  output: RetireWorkerOutput,
  logKeys: ['batchId', 'workerIndex', 'attempt', 'instances', 'grants'],
  run: (input) => retireWorker(input, { ec2, kms, study: env.STUDY, keyArn: env.DATA_KEY_ARN }),
});
