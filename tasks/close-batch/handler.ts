import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { closeBatch, CloseBatchInput, CloseBatchOutput } from './close-batch.ts';

const env = readEnvironment(z.object({ LEDGER_TABLE: text }));
const table = { client: new DynamoDBClient(), name: env.LEDGER_TABLE };

export const handler = defineTask({
  input: CloseBatchInput,
  output: CloseBatchOutput,
  logKeys: ['batchId', 'outcome', 'reason', 'closed'],
  run: (input) => closeBatch(input, { table, now: () => new Date() }),
});
