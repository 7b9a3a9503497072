import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { getRun, listRuns, recordReport, recordRun } from '../../../ledger/sensors/runs.ts';
import type { Table } from '../../../ledger/table.ts';
import { executionHash } from '../../../workflow/model/names.ts';
import { emptyPoll, ingestRun, minutesLater } from '../../tasks/ingest/ingest-runs.ts';
import { startSensorTables, type TestSensorTables } from './sensor-tables.ts';

let tables: TestSensorTables;
let table: Table;

beforeAll(async () => {
  tables = await startSensorTables();
});
afterAll(() => tables.stop());
beforeEach(() => {
  table = tables.sensors;
});

const beganAt = minutesLater(0).toISOString();
const record = (number: number, later = 1) =>
  recordRun(table, ingestRun(number), { beganAt, poll: emptyPoll }, minutesLater(later));

describe('the runs of the ingest', () => {
  it('are listed newest first, whichever was recorded first', async () => {
    for (const number of [2, 1, 3]) await record(number);

    const runs = await Array.fromAsync(listRuns(table));

    expect(runs.map(({ startedAt }) => startedAt)).toEqual(
      [3, 2, 1].map((number) => ingestRun(number).startedAt),
    );
  });

  it('carry a hash in place of a name that a person may have typed', async () => {
    const run = { ...ingestRun(4), executionArn: `${ingestRun(4).executionArn}-CANARY-Jane` };
    await recordRun(table, run, { beganAt, poll: emptyPoll }, minutesLater(1));

    const found = await getRun(table, run);

    expect(found?.run).toBe(executionHash(run.executionArn));
    expect(JSON.stringify(found)).not.toContain('CANARY');
  });

  it('keep the time of the first of two records', async () => {
    await record(5, 1);
    await record(5, 9);

    expect(await getRun(table, ingestRun(5))).toMatchObject({
      polledAt: minutesLater(1).toISOString(),
    });
  });

  it('have a report beside the poll, and also without one', async () => {
    const troubles = [{ code: 'POLL_FAILED', count: 1 }] as const;
    const failure = { state: 'Poll', code: 'States.Timeout' };
    await record(6);
    await recordReport(table, ingestRun(6), { troubles: [] }, minutesLater(2));
    await recordReport(table, ingestRun(7), { troubles, failure }, minutesLater(2));

    expect(await getRun(table, ingestRun(6))).toMatchObject({ poll: emptyPoll, troubles: [] });
    expect(await getRun(table, ingestRun(7))).toEqual({
      run: executionHash(ingestRun(7).executionArn),
      startedAt: ingestRun(7).startedAt,
      reportedAt: minutesLater(2).toISOString(),
      troubles,
      failure,
    });
  });
});
