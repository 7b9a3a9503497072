import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDue } from '../../../ingest/poller/seal-due.ts';
import { listingKey, manifestKey } from '../../../workflow/model/keys.ts';
import { ListingEntry, ManifestEntry, ManifestHeader } from '../../../workflow/model/manifest.ts';
import { bootId } from '../../ledger/sensors/sensor-tables.ts';
import { messageOf, SensorWorld, study } from './sensor-world.ts';

let world: SensorWorld;
let device: string;

beforeEach(async () => {
  world = await SensorWorld.start();
  device = await world.wornDevice();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.stop();
});

const message = (seq: number, at?: string) => messageOf({ device, boot: bootId(1), seq }, at);

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

const nextDay = new Date('2026-05-05T06:00:00.000Z');

describe('a day', () => {
  it.each([
    ['2026-05-04', '2026-05-04T10:00:00.000Z', '2026-05-05T05:59:59.999Z', false],
    ['2026-05-04', '2026-05-04T10:00:00.000Z', '2026-05-05T06:00:00.000Z', true],
    // Opened later than its day, by data that were late: more of them may follow.
    ['2026-05-01', '2026-05-04T10:00:00.000Z', '2026-05-05T05:59:59.999Z', false],
    ['2026-05-01', '2026-05-04T10:00:00.000Z', '2026-05-05T06:00:00.000Z', true],
    // A day that has not begun.
    ['2026-05-09', '2026-05-04T10:00:00.000Z', '2026-05-09T23:00:00.000Z', false],
  ])('%s, opened %s, is due at %s: %s', (day, openedAt, now, due) => {
    expect(isDue({ day, openedAt }, 6, new Date(now))).toBe(due);
  });

  it('that is over is sealed as an upload is: listing in S3A, encrypted manifest in S3D', async () => {
    await world.publish(message(0));
    await world.poll();
    await world.publish(message(1));
    await world.poll();
    world.now = nextDay;

    const { sealed } = await world.poll();

    const [batch] = await world.batches();
    const { batchId } = batch!;
    expect(sealed).toEqual([{ day: '2026-05-04', part: 'MAIN', batchId }]);
    expect(batch).toMatchObject({ state: 'SEALED', objects: 2, records: 2 });
    expect(batch?.sealedAt).toBe(nextDay.toISOString());
    const place = { study, batchId };
    const [header, ...entries] = linesOf(await world.plaintext(batchId, manifestKey(place)));
    const [listingHeader, ...listed] = linesOf(await world.listing(listingKey(place)));
    expect(ManifestHeader.parse(header)).toEqual({ version: 1, ...place, objects: 2 });
    expect(listingHeader).toEqual(header);
    const manifest = entries.map((entry) => ManifestEntry.parse(entry));
    expect(manifest.map(({ mediaType }) => mediaType)).toEqual(
      Array(2).fill('application/x-ndjson'),
    );
    expect(listed.map((entry) => ListingEntry.parse(entry))).toEqual(
      manifest.map(({ objectId, ciphertextBytes, ciphertextSha256 }) => ({
        objectId,
        sizeBytes: ciphertextBytes,
        sha256: ciphertextSha256,
      })),
    );
    const ids = manifest.map(({ objectId }) => objectId);
    expect(ids).toEqual(ids.toSorted());
  });

  it('is sealed before its time where somebody names it, and not twice', async () => {
    await world.publish(message(0));

    const first = await world.poller().poll({ seal: ['2026-05-04'] });
    const second = await world.poller().poll({ seal: ['2026-05-04'] });

    expect(first.sealed).toMatchObject([{ day: '2026-05-04', part: 'MAIN' }]);
    expect(second.sealed).toEqual([]);
  });

  it('is not sealed while the queue may hold more of it', async () => {
    await world.publish(...Array.from({ length: 100 }, (_, seq) => message(seq)));
    const { deps } = world.poller();
    const pace = { ...deps.pace, chunk: { ...deps.pace.chunk, messages: 10 } };

    const reply = await world.poller({ pace }).poll({ maxSeconds: 0, seal: ['2026-05-04'] });

    expect(reply).toMatchObject({ ended: 'TIME', sealed: [] });
  });

  it('that is sealed gets late batches, one after the other', async () => {
    const seal = ['2026-05-04'];
    for (const seq of [0, 1, 2]) {
      await world.publish(message(seq));
      await world.poller().poll({ seal });
    }
    await world.publish(message(3));
    await world.poll();

    expect(
      (await world.batches()).map(({ part, number, state, records }) => [
        part,
        number,
        state,
        records,
      ]),
    ).toEqual([
      ['LATE', 1, 'SEALED', 1],
      ['LATE', 2, 'SEALED', 1],
      ['LATE', 3, 'OPEN', 1],
      ['MAIN', 1, 'SEALED', 1],
    ]);
  });
});

describe('a seal that is cut off', () => {
  it.each([
    ['before the listing', 'PutObject', 1, 'before'],
    ['between listing and manifest', 'PutObject', 1, 'after'],
    ['after the manifest', 'PutObject', 2, 'after'],
  ] as const)('%s is ended by the next poll, of the same entries', async (_, name, nth, when) => {
    await world.publish(message(0));
    await world.poll();
    world.now = nextDay;
    const poller = world.poller();
    let seen = 0;
    let isOff = false;
    poller.wire.onCall = async (called, _input, next) => {
      if (isOff) throw new Error('The power is off.');
      if (called !== name || (seen += 1) !== nth) return next();
      isOff = true;
      if (when === 'after') await next();
      throw new Error('The power is off.');
    };
    await expect(poller.poll()).rejects.toThrow('The power is off.');
    world.wait(120);
    const sentAt = world.now.toISOString();
    await world.publish({ ...message(1), sentAt });

    const { sealed } = await world.poll();

    expect(sealed).toMatchObject([{ day: '2026-05-04', part: 'MAIN' }]);
    const batches = await world.batches();
    expect(batches.map(({ part, state, objects }) => [part, state, objects])).toEqual([
      // It was not added to what is being sealed.
      ['LATE', 'OPEN', 1],
      ['MAIN', 'SEALED', 1],
    ]);
    const { batchId } = batches[1]!;
    const manifest = linesOf(await world.plaintext(batchId, manifestKey({ study, batchId })));
    expect(manifest).toHaveLength(2);
  });
});
