import { setTimeout } from 'node:timers/promises';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import { defineTask } from '../define-task.ts';
import { awaitWorker, AwaitWorkerInput, AwaitWorkerOutput } from './await-worker.ts';

const ec2 = new EC2Client();
const ssm = new SSMClient();

export const handler = defineTask({
  input: AwaitWorkerInput,
  output: AwaitWorkerOutput,
  logKeys: ['batchId', 'workerIndex', 'attempt', 'instanceId', 'waitedSeconds'],
  run: (input) =>
    awaitWorker(input, {
      ec2,
      ssm,
      now: () => new Date(),
      sleep: (seconds) => setTimeout(seconds * 1000),
    }),
});
