import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { SentCommand } from '../worker-command/send-request.ts';
import { configureWorker, ConfigureWorkerInput } from './configure-worker.ts';

const env = readEnvironment(z.object({ WORKER_DOCUMENT: text }));
const ssm = new SSMClient();

export const handler = defineTask({
  input: ConfigureWorkerInput,
  output: SentCommand,
  logKeys: ['batchId', 'workerIndex', 'attempt', 'instanceId', 'commandId'],
  run: (input) => configureWorker(input, { ssm, documentName: env.WORKER_DOCUMENT }),
});
