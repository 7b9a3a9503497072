import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeSilence, lastSilence, openSilence } from '../../../ledger/sensors/silences.ts';
import { minutesLater } from '../../tasks/ingest/ingest-runs.ts';
import { deviceId, startSensorTables, type TestSensorTables } from './sensor-tables.ts';

let tables: TestSensorTables;
let next = 0;

beforeAll(async () => {
  tables = await startSensorTables();
});
afterAll(() => tables.stop());

const iso = (minutes: number) => minutesLater(minutes).toISOString();
const open = (device: string, from: number, now: number) =>
  openSilence(tables.sensors, { device, from: iso(from) }, minutesLater(now));
const close = (device: string, from: number, to: number | undefined, now: number) =>
  closeSilence(
    tables.sensors,
    { device, from: iso(from), to: to === undefined ? undefined : iso(to) },
    minutesLater(now),
  );

describe('the silence of a device', () => {
  it('is opened once, and a repetition answers it as it is', async () => {
    const device = deviceId((next += 1));

    const first = await open(device, 0, 5);
    const again = await open(device, 0, 9);

    expect(first).toEqual({ device, reason: 'SILENT', from: iso(0), foundAt: iso(5) });
    expect(again).toEqual(first);
  });

  it('is closed once, and not opened again by a repetition', async () => {
    const device = deviceId((next += 1));
    await open(device, 0, 5);
    await close(device, 0, 7, 8);
    await close(device, 0, 10, 11);

    const again = await open(device, 0, 12);

    expect(again).toMatchObject({ foundAt: iso(5), to: iso(7), closedAt: iso(8) });
  });

  it('may close without the device being heard', async () => {
    const device = deviceId((next += 1));
    await open(device, 0, 5);
    await close(device, 0, undefined, 8);

    const found = await lastSilence(tables.sensors, device);

    expect(found).toMatchObject({ closedAt: iso(8) });
    expect(found).not.toHaveProperty('to');
  });

  it('cannot be closed where none was opened', async () => {
    const device = deviceId((next += 1));
    await close(device, 0, 1, 2);

    expect(await lastSilence(tables.sensors, device)).toBeUndefined();
  });

  it('is found as the last of several, whatever their texts look like', async () => {
    const device = deviceId((next += 1));
    const second = '2026-11-23T09:00:00Z';
    await open(device, 0, 5);
    await close(device, 0, 7, 8);
    await openSilence(tables.sensors, { device, from: second }, minutesLater(70));

    expect(await lastSilence(tables.sensors, device)).toMatchObject({ from: second });
  });
});
