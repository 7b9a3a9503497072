import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listGaps } from '../../../ledger/sensors/gaps.ts';
import { listSensorObjects } from '../../../ledger/sensors/objects.ts';
import { getStatus } from '../../../ledger/sensors/status.ts';
import { listObjects } from '../../../ledger/objects.ts';
import { bootId, deviceId } from '../../ledger/sensors/sensor-tables.ts';
import type { OnCall } from '../../worker/wire.ts';
import { messageOf, SensorWorld } from './sensor-world.ts';

let world: SensorWorld;

beforeAll(async () => {
  world = await SensorWorld.start();
});
afterAll(async () => {
  expect(world.defects).toEqual([]);
  await world.stop();
});

/** The wire is cut after the n-th call: to everybody outside it is as if the machine had lost its power. */
function powerCut(nth: number): { onCall: OnCall; at: () => string } {
  let seen = 0;
  let at = '';
  const onCall: OnCall = async (name, _input, next) => {
    if (at !== '') throw new Error('The power is off.');
    if (seen++ !== nth) return next();
    at = name;
    await next();
    throw new Error('The power is off.');
  };
  return { onCall, at: () => at };
}

const [first, second] = [bootId(1), bootId(2)];
let scenes = 0;

/** Two devices, with all that can be of a message: gaps, duplicates, conflicts, a reboot, nobody's values. */
async function publishScene(): Promise<{ worn: string; unregistered: string }> {
  const worn = await world.wornDevice();
  const unregistered = deviceId(5_000 + (scenes += 1));
  const one = messageOf({ device: worn, boot: first, seq: 1 });
  await world.publish(
    messageOf({ device: worn, boot: first, seq: 0 }),
    one,
    one,
    messageOf({ device: worn, boot: first, seq: 5 }),
    messageOf({ device: worn, boot: first, seq: 1, observations: [] }),
    messageOf({ device: worn, boot: second, seq: 0, previous: { boot: first, messages: 8 } }),
    messageOf({ device: worn, boot: second, seq: 1 }, '2025-12-31T23:00:00.000Z'),
    messageOf({ device: unregistered, boot: first, seq: 0 }),
  );
  return { worn, unregistered };
}

/** What came late: it splits a gap, and ends one. */
async function publishLate(worn: string): Promise<void> {
  await world.publish(
    messageOf({ device: worn, boot: first, seq: 3 }),
    messageOf({ device: worn, boot: first, seq: 6 }),
    messageOf({ device: worn, boot: first, seq: 7 }),
  );
}

async function expectAllOnce({ worn, unregistered }: { worn: string; unregistered: string }) {
  const records = await world.records();
  const of = (device: string) =>
    records
      .filter((record) => record.device === device)
      .map(({ boot, seq, aside = 'DAY' }) => `${boot === first ? 1 : 2}/${seq} ${aside}`)
      .sort();
  expect(of(worn)).toEqual([
    '1/0 DAY',
    '1/1 CONFLICT',
    '1/1 DAY',
    '1/3 DAY',
    '1/5 DAY',
    '1/6 DAY',
    '1/7 DAY',
    '2/0 DAY',
    '2/1 DAY',
  ]);
  expect(of(unregistered)).toEqual(['1/0 UNREGISTERED']);
  expect(await getStatus(world.sensors, worn)).toMatchObject({
    received: 9,
    aside: { CONFLICT: 1 },
    missing: 2,
    gaps: 2,
  });
  const gaps = await Array.fromAsync(listGaps(world.sensors, worn));
  const open = gaps.filter(({ closedAt }) => closedAt === undefined);
  expect(open.map(({ boot, fromSeq, toSeq }) => [boot, fromSeq, toSeq]).sort()).toEqual([
    [first, 2, 2],
    [first, 4, 4],
  ]);
  // Where the poll died before it found this gap, the late messages came in time.
  const closed = gaps.filter(({ closedAt }) => closedAt !== undefined);
  expect(closed.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual(
    closed.length === 0 ? [] : [[6, 7]],
  );
}

/** What is in S3D, in the sensor ledger and in the ledger is the same. */
async function expectBooksBalance(): Promise<void> {
  const keys = await world.keys();
  const records = await world.records();
  for (const batch of await world.batches()) {
    const { batchId } = batch;
    const stored = keys.filter((key) => key.includes(`/${batchId}/`)).map((key) => key.slice(-21));
    const entered = await Array.fromAsync(listSensorObjects(world.sensors, batchId));
    const registered = await Array.fromAsync(listObjects(world.ledger, batchId));
    expect(entered.map(({ objectId }) => objectId)).toEqual(stored.sort());
    expect(registered.map(({ objectId }) => objectId)).toEqual(stored);
    expect(batch.objects).toBe(stored.length);
    expect(batch.records).toBe(records.filter((record) => record.batch.batchId === batchId).length);
  }
}

it(
  'stores all, and nothing twice, after whatever call a poll dies, when the next one goes on',
  { timeout: 120_000 },
  async () => {
    const calls: string[] = [];
    for (let nth = 0; ; nth += 1) {
      const scene = await publishScene();
      const poller = world.poller();
      const cut = powerCut(nth);
      poller.wire.onCall = cut.onCall;
      await poller.poll().catch(() => undefined);
      world.wait(120);
      await world.giveBack(poller.handles);
      await publishLate(scene.worn);
      const { ended } = await world.poll();

      expect(ended, `${nth} ${cut.at()}`).toBe('EMPTY');
      expect(await world.left()).toBe(0);
      expect(await readdir(world.spoolDirectory)).toEqual([]);
      await expectAllOnce(scene);
      if (cut.at() === '') break;
      calls.push(cut.at());
    }
    await expectBooksBalance();
    expect(new Set(calls)).toEqual(
      new Set([
        ...['UpdateItem', 'GetItem', 'Query', 'ReceiveMessage', 'DeleteMessageBatch'],
        ...['GenerateDataKey', 'PutObject', 'GetQueueAttributes'],
      ]),
    );
    expect(calls.length).toBeGreaterThan(40);
  },
);
