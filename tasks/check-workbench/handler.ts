import { EC2Client } from '@aws-sdk/client-ec2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { checkWorkbench, CheckWorkbenchInput, CheckWorkbenchOutput } from './check-workbench.ts';

const env = readEnvironment(z.object({ STUDY: text }));
const ec2 = new EC2Client();
const sfn = new SFNClient();
const ssm = new SSMClient();

export const handler = defineTask({
  input: CheckWorkbenchInput,
  output: CheckWorkbenchOutput,
  logKeys: ['startedAt', 'instanceId', 'checkedAt'],
  run: (input) => checkWorkbench(input, { ec2, sfn, ssm, study: env.STUDY, now: () => new Date() }),
});
