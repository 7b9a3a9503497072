import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mostMessageBytes } from '../../../ingest/model/sensor-message.ts';
import { LeaseLostError } from '../../../ledger/sensors/fence.ts';
import { listObjects } from '../../../ledger/objects.ts';
import { assign, unassign } from '../../../ledger/sensors/assignments.ts';
import { registerDevice, revokeDevice } from '../../../ledger/sensors/devices.ts';
import { listGaps } from '../../../ledger/sensors/gaps.ts';
import { getStatus } from '../../../ledger/sensors/status.ts';
import { bootId, deviceId, subject } from '../../ledger/sensors/sensor-tables.ts';
import { messageOf, SensorWorld } from './sensor-world.ts';

let world: SensorWorld;
let device: string;
const boot = bootId(1);

beforeEach(async () => {
  world = await SensorWorld.start();
  device = await world.wornDevice();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.stop();
});

type Changes = Partial<Parameters<typeof messageOf>[0]>;

/** A message of the test's own device. */
const message = (seq: number, changes: Changes = {}, at?: string) =>
  messageOf({ device, boot, seq, ...changes }, at);

const status = (of = device) => getStatus(world.sensors, of);

const gaps = async () =>
  (await Array.fromAsync(listGaps(world.sensors, device)))
    .filter(({ closedAt }) => closedAt === undefined)
    .map((gap) => [gap.boot, gap.fromSeq, gap.toSeq]);

const asides = async (of = device) => (await world.records(of)).map(({ aside }) => aside);

describe('a poll', () => {
  it('stores what is in the queue, encrypted and registered, and then deletes it', async () => {
    await world.publish(message(0), message(1), message(2));

    const reply = await world.poll();

    expect(reply).toMatchObject({ ended: 'EMPTY', receipts: 3, stored: 3, objects: 1, backlog: 0 });
    const records = await world.records(device);
    expect(records.map(({ seq }) => seq).sort()).toEqual([0, 1, 2]);
    expect(records[0]).toMatchObject({
      correctionMs: 0,
      receivedAt: '2026-05-04T10:00:00.000Z',
      observations: [{ subject: subject(1), correctedAt: '2026-05-04T10:00:00.000Z', flags: [] }],
      batch: { day: '2026-05-04', part: 'MAIN', number: 1, state: 'OPEN' },
    });
    expect(await world.left()).toBe(0);
    const registered = await Array.fromAsync(listObjects(world.ledger, records[0]!.batch.batchId));
    expect(registered.at(-1)).toMatchObject({ state: 'REGISTERED' });
    expect(await status()).toMatchObject({
      received: 3,
      duplicates: 0,
      missing: 0,
      lagMs: 0,
      skewMs: 0,
      lastReceivedAt: '2026-05-04T10:00:00.000Z',
    });
  });

  it('does nothing to an empty queue', async () => {
    const reply = await world.poll();

    expect(reply).toMatchObject({ ended: 'EMPTY', receipts: 0, stored: 0, objects: 0 });
  });

  it('ends at its time where the queue holds more, and the next ones store the rest', async () => {
    const seqs = Array.from({ length: 200 }, (_, seq) => seq);
    await world.publish(...seqs.map((seq) => message(seq)));
    const { deps } = world.poller();
    const pace = { ...deps.pace, chunk: { ...deps.pace.chunk, messages: 10 } };

    const first = await world.poller({ pace }).poll({ maxSeconds: 0 });
    const rest = await world.poll();

    expect(first).toMatchObject({ ended: 'TIME', stored: 10, backlog: 190 });
    expect(rest).toMatchObject({ ended: 'EMPTY', stored: 190 });
    expect((await world.records(device)).map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(seqs);
    expect(await gaps()).toEqual([]);
  });

  it('stores in more than one commit what would be too much for one: messages of many days', async () => {
    const days = Array.from({ length: 45 }, (_, index) => new Date(Date.UTC(2025, 0, 1 + index)));
    await world.publish(
      ...days.map((at, seq) =>
        message(seq, { sentAt: '2026-05-04T10:00:00.000Z' }, at.toISOString()),
      ),
    );

    const reply = await world.poll();

    expect(reply).toMatchObject({ stored: 45, objects: 45 });
    const records = await world.records(device);
    expect(records.map(({ batch }) => batch.day).sort()).toEqual(
      days.map((day) => day.toISOString().slice(0, 10)),
    );
  });
});

describe('a message that comes again', () => {
  it('is dropped and counted, within a chunk and later', async () => {
    await world.publish(message(0), message(0), message(1));
    const first = await world.poll();
    await world.publish(message(1));

    const second = await world.poll();

    expect(first).toMatchObject({ stored: 2, duplicates: 1 });
    expect(second).toMatchObject({ stored: 0, duplicates: 1, objects: 0 });
    expect(await world.records(device)).toHaveLength(2);
    expect(await status()).toMatchObject({ received: 2, duplicates: 2 });
    expect(await world.left()).toBe(0);
  });

  it('is one that was sent again with the time of that, and its fields in another order', async () => {
    const again = { ...message(0), sentAt: '2026-05-04T10:00:07.000Z' };
    await world.publish(message(0));
    await world.poll();
    const { version, ...rest } = again;
    await world.publish({ ...rest, version });

    const second = await world.poll();

    expect(second).toMatchObject({ stored: 0, duplicates: 1, aside: {} });
  });

  it('from the queue, because it was visible too soon, is told apart from a duplicate', async () => {
    await world.publish(message(0));
    const poller = world.poller();
    poller.wire.onCall = async (name, _input, next) => {
      const answer = await next();
      // Before the commit: the visibility timeout is over while the poller still works.
      if (name === 'PutObject') await world.giveBack(poller.handles);
      return answer;
    };

    const first = await poller.poll();
    const second = await world.poll();

    expect(first.stored + second.stored).toBe(1);
    expect(first.redelivered + second.redelivered).toBe(1);
    expect(first.duplicates + second.duplicates).toBe(0);
    expect(await world.records(device)).toHaveLength(1);
    expect(await status()).toMatchObject({ received: 1, duplicates: 0 });
  });

  it('with other content is set aside, once, and the first one stands', async () => {
    const other = message(0, { observations: [] });
    await world.publish({ message: message(0), receivedAt: new Date(world.now.getTime() - 1) });
    await world.publish(other, other);
    const first = await world.poll();
    await world.publish(other);

    const second = await world.poll();

    expect(first).toMatchObject({ stored: 2, aside: { CONFLICT: 1 }, duplicates: 1 });
    expect(second).toMatchObject({ stored: 0, duplicates: 1 });
    const records = await world.records(device);
    expect(records).toHaveLength(2);
    expect(records.find(({ aside }) => aside === undefined)?.observations).toHaveLength(1);
    expect(records.find(({ aside }) => aside === 'CONFLICT')?.batch.part).toBe('ASIDE');
    expect(await status()).toMatchObject({ received: 2, aside: { CONFLICT: 1 } });
  });
});

describe('the order of messages', () => {
  it('does not matter: late ones close the gap that they left', async () => {
    await world.publish(message(4), message(0));
    await world.poll();
    const before = await gaps();
    await world.publish(message(3), message(1), message(2));

    await world.poll();

    expect(before).toEqual([[boot, 1, 3]]);
    expect(await gaps()).toEqual([]);
    expect(await status()).toMatchObject({ received: 5, missing: 0, gaps: 0 });
  });

  it('begins anew with a reboot, which tells what the boot before left missing', async () => {
    const next = bootId(2);
    await world.publish(message(0), message(1));
    await world.publish(message(0, { boot: next, previous: { boot, messages: 5 } }));

    await world.poll();

    expect(await gaps()).toEqual([[boot, 2, 4]]);
    expect(await status()).toMatchObject({ received: 3, missing: 3, gaps: 1 });
  });
});

describe('times', () => {
  it('of a skewed clock are corrected, the original beside them', async () => {
    const hourBehind = '2026-05-04T08:59:58.000Z';
    await world.publish(message(0, { sentAt: '2026-05-04T09:00:00.000Z' }, hourBehind));

    await world.poll();

    expect(await world.records(device)).toMatchObject([
      {
        correctionMs: 3_600_000,
        observations: [{ at: hourBehind, correctedAt: '2026-05-04T09:59:58.000Z', flags: [] }],
      },
    ]);
    expect(await status()).toMatchObject({ skewMs: 3_600_000, lagMs: 2_000 });
  });

  it('of values kept for hours are right where the device knows the time when it sends', async () => {
    await world.publish(
      message(0, { sentAt: '2026-05-04T09:59:57.000Z' }, '2026-05-03T22:00:00.000Z'),
    );

    await world.poll();

    expect(await world.records(device)).toMatchObject([
      { correctionMs: 0, batch: { day: '2026-05-03', part: 'MAIN' } },
    ]);
    expect(await status()).toMatchObject({ lagMs: 43_200_000, skewMs: 3_000 });
  });

  it('of the future are flagged, and stored with the day of receipt', async () => {
    await world.publish(
      message(0, { sentAt: '2026-05-04T10:00:00.000Z' }, '2027-01-01T00:00:00.000Z'),
      message(1, { sentAt: '2026-05-04T10:00:00.000Z' }, '2026-05-04T10:04:00.000Z'),
    );

    await world.poll();

    const records = (await world.records(device)).sort((left, right) => left.seq - right.seq);
    expect(records).toMatchObject([
      { batch: { day: '2026-05-04' }, observations: [{ flags: ['FUTURE'] }] },
      { batch: { day: '2026-05-04' }, observations: [{ flags: [] }] },
    ]);
  });
});

describe('a value', () => {
  it('that cannot be is kept and flagged', async () => {
    const at = '2026-05-04T10:00:00.000Z';
    const observations = [
      { at, code: '8867-4', value: 900, unit: '/min' },
      { at, code: '8310-5', value: 98.6, unit: '[degF]' },
      { at, code: '59408-5', value: 97, unit: '%' },
    ];
    await world.publish(message(0, { observations }));

    await world.poll();

    const [record] = await world.records(device);
    expect(record?.observations.map(({ value, flags }) => [value, flags])).toEqual([
      [900, ['IMPOSSIBLE']],
      [98.6, ['IMPOSSIBLE']],
      [97, []],
    ]);
  });

  it('goes to whom the device was with at its time, each of a message by itself', async () => {
    const shared = await world.device();
    const [morning, noon] = ['2026-05-04T06:00:00.000Z', '2026-05-04T08:00:00.000Z'];
    const evening = '2026-05-04T09:00:00.000Z';
    await assign(world.assignments, {
      device: shared,
      subject: subject(1),
      from: new Date(morning),
    });
    await assign(world.assignments, { device: shared, subject: subject(2), from: new Date(noon) });
    await unassign(world.assignments, { device: shared, at: new Date(evening) });
    const times = ['2026-05-04T07:59:59.999Z', noon, '2026-05-04T05:59:59.999Z', evening];
    const observations = times.map((at) => ({ at, code: '8867-4', value: 70, unit: '/min' }));
    await world.publish(message(0, { device: shared, observations }));

    const reply = await world.poll();

    expect(reply).toMatchObject({ stored: 1, aside: { UNASSIGNED: 1 }, objects: 2 });
    const records = await world.records(shared);
    const main = records.find(({ aside }) => aside === undefined);
    const aside = records.find(({ aside: reason }) => reason === 'UNASSIGNED');
    expect(main?.observations.map(({ at, subject: whose }) => [at, whose])).toEqual([
      [times[0], subject(1)],
      [noon, subject(2)],
    ]);
    expect(aside?.observations.map(({ at, subject: whose }) => [at, whose])).toEqual([
      [times[2], null],
      [evening, null],
    ]);
    expect(aside?.batch.part).toBe('ASIDE');
  });
});

describe('a device', () => {
  it('that nobody wears has its messages set aside, and no gap for it', async () => {
    const nobodys = await world.device();
    await world.publish(message(0, { device: nobodys }), message(1, { device: nobodys }));

    await world.poll();

    expect(await asides(nobodys)).toEqual(['UNASSIGNED', 'UNASSIGNED']);
    expect(await status(nobodys)).toMatchObject({ received: 2, missing: 0 });
  });

  it('that nobody registered has its messages set aside once, also when it is registered since', async () => {
    const unknown = deviceId(3_000);
    await world.publish(message(0, { device: unknown }));
    await world.poll();
    await registerDevice(world.sensors, { device: unknown, everySeconds: 60 }, world.now);
    await world.publish(message(0, { device: unknown }));

    const reply = await world.poll();

    expect(reply).toMatchObject({ stored: 0, duplicates: 1 });
    expect(await asides(unknown)).toEqual(['UNREGISTERED']);
  });

  it('that was revoked has set aside what is received of it from then on', async () => {
    await world.publish(message(0));
    await revokeDevice(world.sensors, device, world.now);
    world.wait(1);
    await world.publish(message(1, {}, '2026-05-04T10:00:01.000Z'));

    await world.poll();

    const records = (await world.records(device)).sort((left, right) => left.seq - right.seq);
    expect(records.map(({ aside }) => aside)).toEqual([undefined, 'REVOKED']);
    expect(records[1]?.observations).toMatchObject([{ subject: null }]);
  });

  it('that says it is another one is set aside under its own name', async () => {
    const other = await world.wornDevice();
    await world.publish({ message: message(0), device: other });

    const reply = await world.poll();

    expect(reply).toMatchObject({ aside: { MISDIRECTED: 1 } });
    expect(await asides(other)).toEqual(['MISDIRECTED']);
    expect(await world.records(device)).toEqual([]);
    expect(await status()).toBeUndefined();
  });
});

describe('a message that cannot be read', () => {
  const queued = (payload: string, changes: object = {}) =>
    JSON.stringify({
      payload: Buffer.from(payload).toString('base64'),
      device,
      receivedAt: Date.parse('2026-05-04T10:00:00.000Z'),
      principal: 'certificate',
      ...changes,
    });

  it('stays in the queue, goes to the dead-letter queue after five receipts, and stops nobody', async () => {
    const poisons = [
      'no JSON',
      queued('no JSON'),
      queued(JSON.stringify({ ...message(0), patient: 'Jane Canary' })),
      queued(JSON.stringify(message(0)), { device: 'Jane Canary' }),
      queued(JSON.stringify(message(0, { previous: { boot, messages: 3 } }))),
      queued(JSON.stringify(message(0, {}, '2026-02-30T00:00:00.000Z'))),
    ];
    await world.enqueue(...poisons);
    await world.publish(message(0));
    const stored: number[] = [];

    for (let run = 0; run < 6; run += 1) {
      const poller = world.poller();
      stored.push((await poller.poll()).stored);
      await world.giveBack(poller.handles);
    }

    expect(stored).toEqual([1, 0, 0, 0, 0, 0]);
    expect(await world.left()).toBe(0);
    expect(await world.left(world.deadLetterQueueUrl)).toBe(poisons.length);
    // Of the five that tell their device, one receipt of each.
    expect(await status()).toMatchObject({ received: 1, rejected: 4 });
    expect(world.lines.join('')).not.toMatch(/Canary|8867/);
  });

  it('is not one that is merely as large as it may be', async () => {
    const samples = Buffer.alloc(90_000, 1).toString('base64');
    const at = '2026-05-04T10:00:00.000Z';
    const wave = { startsAt: at, code: '11524-6', unit: 'mV', hertz: 360, scale: 0.005, offset: 0 };
    const large = message(0, { waveforms: [{ ...wave, samples }] });
    expect(JSON.stringify(large).length).toBeLessThan(mostMessageBytes);
    await world.publish(large);

    await world.poll();

    const [record] = await world.records(device);
    expect(record?.waveforms[0]?.samples === samples).toBe(true);
    expect(record?.waveforms[0]?.flags).toEqual([]);
  });
});

describe('two pollers', () => {
  it('are one: the second finds the lease taken, and does nothing', async () => {
    await world.publish(message(0));
    const { promise: stored, resolve } = Promise.withResolvers<undefined>();
    const { promise: goOn, resolve: release } = Promise.withResolvers<undefined>();
    const first = world.poller();
    first.wire.onCall = async (name, _input, next) => {
      if (name === 'PutObject') {
        resolve(undefined);
        await goOn;
      }
      return next();
    };
    const running = first.poll();
    await stored;
    await world.publish(message(1));

    const second = await world.poll();
    release(undefined);

    expect(second).toMatchObject({ ended: 'BUSY', receipts: 0 });
    expect(await running).toMatchObject({ ended: 'EMPTY', stored: 1 });
    expect(await world.poll()).toMatchObject({ ended: 'EMPTY', stored: 1 });
  });

  it('do not wait for one of the same machine that is dead', async () => {
    await world.publish(message(0));
    const killed = world.poller({ workbench: 'i-e' });
    let isDead = false;
    killed.wire.onCall = (name, _input, next) => {
      isDead ||= name === 'GenerateDataKey';
      return isDead ? Promise.reject(new Error('It is dead.')) : next();
    };
    await expect(killed.poll()).rejects.toThrow('dead');
    await world.giveBack(killed.handles);

    const ofAnother = await world.poll();
    const ofTheSame = await world.poller({ workbench: 'i-e' }).poll();

    expect(ofAnother).toMatchObject({ ended: 'BUSY' });
    expect(ofTheSame).toMatchObject({ ended: 'EMPTY', stored: 1 });
  });

  it('do not take the queue for empty while one that was cut off may have messages of it', async () => {
    await world.publish(message(0));
    const cutOff = world.poller();
    cutOff.wire.onCall = (name, _input, next) =>
      name === 'GenerateDataKey' ? Promise.reject(new Error('It is cut off.')) : next();
    await expect(cutOff.poll()).rejects.toThrow('cut off');
    const pace = { ...cutOff.deps.pace, invisibleMilliseconds: 600 };

    const [reply] = await Promise.all([
      world.poller({ pace }).poll(),
      setTimeout(200).then(() => world.giveBack(cutOff.handles)),
    ]);
    const began = performance.now();
    const next = await world.poller({ pace }).poll();

    expect(reply).toMatchObject({ ended: 'EMPTY', stored: 1 });
    expect(next).toMatchObject({ ended: 'EMPTY', receipts: 0 });
    expect(performance.now() - began, 'the one before was not cut off').toBeLessThan(500);
  });

  it.each([
    ['GenerateDataKey', 1],
    ['PutObject', 1],
    ['DeleteMessageBatch', 1],
    // The lease; then the batch in the ledger and in the sensor table; intent; commit; what follows.
    ...Array.from({ length: 12 }, (_, nth) => ['UpdateItem', 2 + nth] as const),
  ] as const)(
    'store nothing twice where one freezes before %s %i, and wakes when the other took over',
    async (name, nth) => {
      world.now = new Date('2026-05-05T10:00:00.000Z');
      await world.publish(message(0), message(2));
      const frozen = world.poller();
      const { promise: awake, resolve: wake } = Promise.withResolvers<undefined>();
      const { promise: asleep, resolve: sleep } = Promise.withResolvers<undefined>();
      let seen = 0;
      frozen.wire.onCall = async (called, _input, next) => {
        if (called === name && (seen += 1) === nth) {
          sleep(undefined);
          await awake;
        }
        return next();
      };
      const ending = frozen.poll().catch((error: unknown) => error);
      await Promise.race([asleep, ending]);
      world.wait(120);
      await world.giveBack(frozen.handles);
      await world.publish(message(1), message(4));

      await world.poll();
      wake(undefined);
      const outcome = await ending;
      await world.poll();

      const stored = (await world.records(device)).map(({ seq }) => seq).sort();
      expect(stored).toEqual([0, 1, 2, 4]);
      expect(await gaps()).toEqual([[boot, 3, 3]]);
      expect(await status()).toMatchObject({ received: 4, missing: 1, gaps: 1 });
      expect(await world.left()).toBe(0);
      const keys = await world.keys();
      for (const { batchId, objects } of await world.batches()) {
        expect(keys.filter((key) => key.includes(batchId))).toHaveLength(objects);
      }
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(LeaseLostError);
    },
  );
});
