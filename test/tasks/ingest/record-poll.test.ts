import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getRun } from '../../../ledger/sensors/runs.ts';
import { recordPoll, RecordPollInput } from '../../../tasks/record-poll/record-poll.ts';
import { executionHash } from '../../../workflow/model/names.ts';
import { startSensorTables, type TestSensorTables } from '../../ledger/sensors/sensor-tables.ts';
import { emptyPoll, ingestRun, minutesLater } from './ingest-runs.ts';

let tables: TestSensorTables;

beforeAll(async () => {
  tables = await startSensorTables();
});
afterAll(() => tables.stop());

const beganAt = minutesLater(0).toISOString();
const record = (poll = emptyPoll, later = 2) =>
  recordPoll(
    { ...ingestRun(1), beganAt, poll },
    { table: tables.sensors, now: () => minutesLater(later) },
  );

describe('Record Poll', () => {
  it('writes what the poller answered on the run, and answers its counts', async () => {
    const poll = { ...emptyPoll, receipts: 7, stored: 5, duplicates: 1, rejected: 1, objects: 1 };

    const answer = await record(poll);

    expect(answer).toMatchObject({
      run: executionHash(ingestRun(1).executionArn),
      ended: 'EMPTY',
      stored: 5,
    });
    expect(await getRun(tables.sensors, ingestRun(1))).toMatchObject({
      beganAt,
      polledAt: minutesLater(2).toISOString(),
      poll,
    });
  });

  it('called again writes the same', async () => {
    await record();
    const before = await getRun(tables.sensors, ingestRun(1));
    await record(emptyPoll, 9);

    expect(await getRun(tables.sensors, ingestRun(1))).toEqual(before);
  });

  it('takes no answer with a word in it that is none of the agreed ones', () => {
    const poll = { ...emptyPoll, aside: { 'CANARY-Jane-Doe': 1 } };

    const read = RecordPollInput.safeParse({ ...ingestRun(1), beganAt, poll });

    expect(read.success).toBe(false);
  });
});
