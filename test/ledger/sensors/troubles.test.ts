import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readTold,
  recordTold,
  releaseTelling,
  reserveTelling,
} from '../../../ledger/sensors/troubles.ts';
import type { Table } from '../../../ledger/table.ts';
import { minutesLater } from '../../tasks/ingest/ingest-runs.ts';
import { startSensorTables, type TestSensorTables } from './sensor-tables.ts';

let tables: TestSensorTables;
let table: Table;

beforeAll(async () => {
  tables = await startSensorTables();
  table = tables.sensors;
});
afterAll(() => tables.stop());

describe('what was told of troubles', () => {
  it('is nothing at first', async () => {
    expect(await readTold(table)).toEqual({});
  });

  it('is reserved by one of two senders, until it is given back or its time has passed', async () => {
    const both = await Promise.all(
      [0, 0].map((minute) => reserveTelling(table, {}, 30, minutesLater(minute))),
    );
    const tooEarly = await reserveTelling(table, {}, 30, minutesLater(0.4));
    const later = await reserveTelling(table, {}, 30, minutesLater(0.5));
    await releaseTelling(table);
    const givenBack = await reserveTelling(table, {}, 30, minutesLater(0.5));

    expect(both.toSorted()).toEqual([false, true]);
    expect([tooEarly, later, givenBack]).toEqual([false, true, true]);
  });

  it('is kept for each code with the time of its last mail', async () => {
    await recordTold(
      table,
      { run: 'one', codes: ['CONFLICT', 'CLOCK_SKEW'], last: {} },
      minutesLater(1),
    );
    const last = await readTold(table);
    await recordTold(table, { run: 'two', codes: ['CONFLICT'], last }, minutesLater(2));

    expect(await readTold(table)).toEqual({
      run: 'two',
      toldAt: minutesLater(2).toISOString(),
      told: {
        CONFLICT: minutesLater(2).toISOString(),
        CLOCK_SKEW: minutesLater(1).toISOString(),
      },
    });
  });

  it('cannot be reserved by whoever has read what was told before that', async () => {
    const stale = { toldAt: minutesLater(1).toISOString() };

    expect(await reserveTelling(table, stale, 30, minutesLater(5))).toBe(false);
    expect(await reserveTelling(table, await readTold(table), 30, minutesLater(5))).toBe(true);
  });
});
