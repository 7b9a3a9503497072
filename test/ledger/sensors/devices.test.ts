import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  getDevice,
  listDevices,
  registerDevice,
  revokeDevice,
  setInService,
} from '../../../ledger/sensors/devices.ts';
import { deviceId, startSensorTables, type TestSensorTables } from './sensor-tables.ts';

let tables: TestSensorTables;
let next = 0;
const monday = new Date('2026-11-23T08:00:00.000Z');
const tuesday = new Date('2026-11-24T08:00:00.000Z');

beforeAll(async () => {
  tables = await startSensorTables();
});
afterAll(() => tables.stop());

async function registered(): Promise<string> {
  const device = deviceId((next += 1));
  await registerDevice(tables.sensors, { device, everySeconds: 60 }, monday);
  return device;
}

describe('a device', () => {
  it('is registered once, and a repetition answers it as it is', async () => {
    const device = deviceId((next += 1));

    const first = await registerDevice(tables.sensors, { device, everySeconds: 60 }, monday);
    const again = await registerDevice(tables.sensors, { device, everySeconds: 10 }, tuesday);

    expect(first).toEqual({ device, everySeconds: 60, registeredAt: monday.toISOString() });
    expect(again).toEqual(first);
    expect(await getDevice(tables.sensors, device)).toEqual(first);
  });

  it('is in service from when it was, until it is not', async () => {
    const device = await registered();

    await setInService(tables.sensors, device, monday);
    await setInService(tables.sensors, device, tuesday);
    const worn = await getDevice(tables.sensors, device);
    await setInService(tables.sensors, device, undefined);
    const put = await getDevice(tables.sensors, device);
    await setInService(tables.sensors, device, tuesday);

    expect(worn?.inServiceSince).toBe(monday.toISOString());
    expect(put?.inServiceSince).toBeUndefined();
    expect((await getDevice(tables.sensors, device))?.inServiceSince).toBe(tuesday.toISOString());
  });

  it('is revoked from the first time on, and is out of service with it', async () => {
    const device = await registered();
    await setInService(tables.sensors, device, monday);

    await revokeDevice(tables.sensors, device, monday);
    await revokeDevice(tables.sensors, device, tuesday);

    const found = await getDevice(tables.sensors, device);
    expect(found?.revokedAt).toBe(monday.toISOString());
    expect(found?.inServiceSince).toBeUndefined();
  });

  it('that nobody registered is neither put in service nor revoked', async () => {
    const device = deviceId((next += 1));

    expect(await setInService(tables.sensors, device, monday)).toBe(false);
    expect(await setInService(tables.sensors, device, undefined)).toBe(false);
    expect(await revokeDevice(tables.sensors, device, monday)).toBe(false);
    expect(await getDevice(tables.sensors, device)).toBeUndefined();
  });
});

describe('the devices', () => {
  it('are listed by id, all of them', async () => {
    const own = await startSensorTables();
    for (const number of [3, 1, 2]) {
      const device = deviceId(number);
      await registerDevice(own.sensors, { device, everySeconds: 60 }, monday);
    }
    await revokeDevice(own.sensors, deviceId(2), tuesday);

    const listed = await Array.fromAsync(listDevices(own.sensors), ({ device }) => device);

    expect(listed).toEqual([deviceId(1), deviceId(2), deviceId(3)]);
    await own.stop();
  });
});
