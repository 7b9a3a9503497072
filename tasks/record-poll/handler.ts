import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { recordPoll, RecordPollInput, RecordPollOutput } from './record-poll.ts';

const env = readEnvironment(z.object({ SENSOR_TABLE: text }));
const table = sensorTable(new DynamoDBClient(), env.SENSOR_TABLE);

export const handler = defineTask({
  input: RecordPollInput,
  output: RecordPollOutput,
  logKeys: ['startedAt', 'run', 'ended', 'stored', 'duplicates', 'rejected', 'objects', 'backlog'],
  run: (input) => recordPoll(input, { table, now: () => new Date() }),
});
