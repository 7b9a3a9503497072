import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { SentCommand } from '../worker-command/send-request.ts';
import { process, ProcessInput } from './process.ts';

const env = readEnvironment(z.object({ WORKER_DOCUMENT: text }));
const ssm = new SSMClient();

export const handler = defineTask({
  input: ProcessInput,
  output: SentCommand,
  logKeys: ['batchId', 'workerIndex', 'attempt', 'instanceId', 'pipeline', 'commandId'],
  run: (input) => process(input, { ssm, documentName: env.WORKER_DOCUMENT }),
});
