import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { SentCommand } from '../worker-command/send-request.ts';
import { pollSensors, PollSensorsInput } from './poll-sensors.ts';

const env = readEnvironment(z.object({ POLLER_DOCUMENT: text }));
const ssm = new SSMClient();

export const handler = defineTask({
  input: PollSensorsInput,
  output: SentCommand,
  logKeys: ['instanceId', 'maxSeconds', 'commandId'],
  run: (input) => pollSensors(input, { ssm, documentName: env.POLLER_DOCUMENT }),
});
