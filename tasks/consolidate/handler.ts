import { EC2Client } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { SentCommand } from '../worker-command/send-request.ts';
import { consolidate, ConsolidateInput } from './consolidate.ts';

const env = readEnvironment(z.object({ WORKER_DOCUMENT: text }));
const ec2 = new EC2Client();
const ssm = new SSMClient();

export const handler = defineTask({
  input: ConsolidateInput,
  output: SentCommand,
  logKeys: ['batchId', 'pipeline', 'retries', 'instanceId', 'commandId'],
  run: (input) => consolidate(input, { ec2, ssm, documentName: env.WORKER_DOCUMENT }),
});
