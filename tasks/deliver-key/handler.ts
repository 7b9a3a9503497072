import { KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { deliverKey, DeliverKeyInput, DeliverKeyOutput } from './deliver-key.ts';

const env = readEnvironment(z.object({ STUDY: text, DATA_KEY_ARN: text, WORKER_ROLE_ARN: text }));
const kms = new KMSClient();

export const handler = defineTask({
  input: DeliverKeyInput,
  output: DeliverKeyOutput,
  logKeys: ['batchId', 'workerIndex', 'attempt', 'instanceId', 'grantId'],
  run: (input) =>
    deliverKey(input, {
      kms,
      study: env.STUDY,
      keyArn: env.DATA_KEY_ARN,
      workerRoleArn: env.WORKER_ROLE_ARN,
    }),
});
