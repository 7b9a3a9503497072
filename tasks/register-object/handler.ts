import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { ObjectCreatedEvent, registerObject, RegisterObjectOutput } from './register-object.ts';

const env = readEnvironment(z.object({ STUDY: text, LEDGER_TABLE: text }));
const table = { client: new DynamoDBClient(), name: env.LEDGER_TABLE };

export const handler = defineTask({
  input: ObjectCreatedEvent,
  output: RegisterObjectOutput,
  logKeys: ['outcome', 'batchId'],
  run: (event) => registerObject(event, { table, study: env.STUDY, now: () => new Date() }),
});
