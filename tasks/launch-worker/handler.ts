import { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { list, readEnvironment, text } from '../environment.ts';
import { launchWorker, LaunchWorkerInput, LaunchWorkerOutput } from './launch-worker.ts';

const env = readEnvironment(
  z.object({
    STUDY: text,
    LAUNCH_TEMPLATE_ID: text,
    LAUNCH_TEMPLATE_VERSION: text,
    SUBNET_IDS: list,
  }),
);
const ec2 = new EC2Client();

export const handler = defineTask({
  input: LaunchWorkerInput,
  output: LaunchWorkerOutput,
  logKeys: ['batchId', 'workerIndex', 'attempt', 'instanceType', 'tenancy', 'instanceId'],
  run: (input) =>
    launchWorker(input, {
      ec2,
      study: env.STUDY,
      launchTemplate: { id: env.LAUNCH_TEMPLATE_ID, version: env.LAUNCH_TEMPLATE_VERSION },
      subnetIds: env.SUBNET_IDS,
    }),
});
