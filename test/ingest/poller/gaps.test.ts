import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyCommit } from '../../../ingest/poller/apply-commit.ts';
import { type CommitRecord, packMessages } from '../../../ingest/poller/commit-record.ts';
import { DeviceMemory } from '../../../ingest/poller/device-memory.ts';
import { SensorBatches } from '../../../ingest/poller/sensor-batches.ts';
import { LeaseLostError } from '../../../ledger/sensors/fence.ts';
import { listGaps } from '../../../ledger/sensors/gaps.ts';
import { getStatus } from '../../../ledger/sensors/status.ts';
import { queryItems, type Table } from '../../../ledger/table.ts';
import {
  bootId,
  deviceId,
  startSensorTables,
  type TestSensorTables,
} from '../../ledger/sensors/sensor-tables.ts';
import { Wire } from '../../worker/wire.ts';

let tables: TestSensorTables;

beforeAll(async () => {
  tables = await startSensorTables();
});
afterAll(() => tables.stop());

/** One message of a boot, as a commit has it: what a naive model needs. */
interface Sent {
  readonly boot: number;
  readonly seq: number;
}

const start = Date.parse('2026-05-04T10:00:00.000Z') / 1000;
const timeOf = ({ boot, seq }: Sent): number => start + boot * 1_000 + seq;

/** How many numbers each boot has; the next one tells. */
const lengths = [30, 17, 40] as const;

function recordOf(device: string, chunk: string, messages: readonly Sent[]): CommitRecord {
  const boots = [...Map.groupBy(messages, ({ boot }) => boot)].map(([boot, some]) => ({
    boot: bootId(boot),
    messages: packMessages(
      some.map((one) => ({ seq: one.seq, digest: '0123456789abcdef', seconds: timeOf(one) })),
    ),
    ...(boot > 0 && {
      previous: { boot: bootId(boot - 1), messages: lengths[boot - 1] ?? 0 },
      previousToldAt: Math.min(...some.map(timeOf)),
    }),
  }));
  const received = messages.length;
  const none = { duplicates: 0, rejected: 0, aside: {}, kept: [] };
  return {
    version: 1,
    chunk,
    at: '2026-05-04T12:00:00.000Z',
    objects: [],
    devices: [{ device, received, boots, ...none }],
  };
}

/** Applies as a fresh process does: nothing is remembered. */
function apply(record: CommitRecord, sensors: Table = tables.sensors, epoch = 1): Promise<void> {
  const fence = { epoch };
  const memory = new DeviceMemory(sensors);
  const none = { randomByte: () => 0, now: () => new Date(0) };
  const batches = new SensorBatches({ sensors, ledger: sensors, fence, ...none });
  return applyCommit(record, { sensors, ledger: sensors, fence, memory, batches });
}

/** The same, up to the n-th write. */
async function applyInPart(record: CommitRecord, writes: number): Promise<void> {
  const wire = new Wire();
  let written = 0;
  wire.onCall = (name, _input, next) => {
    if (name === 'UpdateItem' && written++ >= writes) throw new Error('The power is off.');
    return next();
  };
  const sensors = { ...tables.sensors, client: wire.through(tables.sensors.client) };
  await apply(record, sensors).catch(() => undefined);
}

/** What is missing by plain counting: up to the highest number that came, or was told of. */
function missingOf(came: readonly Sent[]): string[] {
  const highestBoot = Math.max(...came.map(({ boot }) => boot));
  const missing: string[] = [];
  for (let boot = 0; boot <= highestBoot; boot += 1) {
    const seqs = new Set(came.filter((one) => one.boot === boot).map(({ seq }) => seq));
    const isTold = came.some((one) => one.boot === boot + 1);
    const length = isTold ? (lengths[boot] ?? 0) : Math.max(-1, ...seqs) + 1;
    for (let seq = 0; seq < length; seq += 1) if (!seqs.has(seq)) missing.push(`${boot}/${seq}`);
  }
  return missing.sort();
}

async function openGaps(device: string) {
  const gaps = await Array.fromAsync(listGaps(tables.sensors, device));
  return gaps.filter(({ closedAt }) => closedAt === undefined);
}

async function missingInLedger(device: string): Promise<string[]> {
  const missing: string[] = [];
  for (const { boot, fromSeq = 0, toSeq = -1 } of await openGaps(device)) {
    const number = [0, 1, 2].find((one) => bootId(one) === boot);
    for (let seq = fromSeq; seq <= toSeq; seq += 1) missing.push(`${number}/${seq}`);
  }
  return missing.sort();
}

/** A small generator of its own, so that a seed is a whole test. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe('gaps', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'are what a naive count finds, in whatever order, with an apply cut off at any write (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const random = randomOf(seed);
      const device = deviceId(seed);
      const all = lengths.flatMap((length, boot) =>
        Array.from({ length }, (_, seq) => ({ boot, seq })),
      );
      const rest = all
        .filter(() => random(10) > 0)
        .map((one) => ({ one, at: one.boot * 20 + one.seq + random(40) }))
        .sort((left, right) => left.at - right.at)
        .map(({ one }) => one);
      const came: Sent[] = [];
      for (let chunk = 1; rest.length > 0; chunk += 1) {
        const some = rest.splice(0, 1 + random(12));
        came.push(...some);
        const record = recordOf(device, `00000001-${String(chunk).padStart(6, '0')}`, some);

        await applyInPart(record, random(8));
        await applyInPart(record, random(12));
        await apply(record);

        const missing = await missingInLedger(device);
        expect(missing).toEqual(missingOf(came));
        expect(await getStatus(tables.sensors, device)).toMatchObject({
          received: came.length,
          missing: missing.length,
          gaps: (await openGaps(device)).length,
        });
      }
    },
  );

  it('are between the times of the messages around them', async () => {
    const device = deviceId(100);
    const at = (boot: number, seq: number) => new Date(timeOf({ boot, seq }) * 1000).toISOString();

    await apply(recordOf(device, '00000001-000001', [{ boot: 0, seq: 2 }]));
    await apply(recordOf(device, '00000001-000002', [{ boot: 0, seq: 9 }]));
    await apply(recordOf(device, '00000001-000003', [{ boot: 0, seq: 5 }]));
    await apply(recordOf(device, '00000001-000004', [{ boot: 1, seq: 1 }]));

    expect(
      (await openGaps(device)).map(({ boot, fromSeq, toSeq, from, to }) => [
        `${boot === bootId(0) ? 0 : 1}/${fromSeq}-${toSeq}`,
        from,
        to,
      ]),
    ).toEqual([
      // Nothing came before it: it is known since the message that follows.
      ['0/0-1', at(0, 2), at(0, 2)],
      ['0/3-4', at(0, 2), at(0, 5)],
      ['0/6-8', at(0, 5), at(0, 9)],
      // How many there were is told by the next boot, whose own beginning is missing, too.
      ['0/10-29', at(0, 9), at(1, 1)],
      ['1/0-0', at(0, 9), at(1, 1)],
    ]);
  });

  it('stay as items with the time they were closed', async () => {
    const device = deviceId(101);
    await apply(recordOf(device, '00000001-000001', [{ boot: 0, seq: 3 }]));

    const seqs = [0, 1, 2].map((seq) => ({ boot: 0, seq }));
    await apply(recordOf(device, '00000001-000002', seqs));

    expect(await Array.fromAsync(listGaps(tables.sensors, device))).toMatchObject([
      { fromSeq: 0, toSeq: 2, closedAt: '2026-05-04T12:00:00.000Z' },
    ]);
  });

  it('are opened of a boot of which nothing came, where the next one tells of it', async () => {
    const device = deviceId(102);

    await apply(recordOf(device, '00000001-000001', [{ boot: 1, seq: 0 }]));

    expect(await openGaps(device)).toMatchObject([{ boot: bootId(0), fromSeq: 0, toSeq: 29 }]);
  });

  it('of a billion numbers cost no more than one', async () => {
    const device = deviceId(103);

    await apply(recordOf(device, '00000001-000001', [{ boot: 0, seq: 2_147_483_647 }]));
    await apply(recordOf(device, '00000001-000002', [{ boot: 0, seq: 1_000_000_000 }]));

    expect(await openGaps(device)).toHaveLength(2);
    expect(await getStatus(tables.sensors, device)).toMatchObject({ missing: 2_147_483_646 });
  });
});

describe('a poller that freezes while it applies a commit', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])(
    'changes nothing when it wakes before its write number %i, and the next one went on',
    async (writes) => {
      const device = deviceId(110 + writes);
      const seqs = (...numbers: number[]) => numbers.map((seq) => ({ boot: 0, seq }));
      await apply(recordOf(device, '00000001-000001', seqs(0, 9)));
      const record = recordOf(device, '00000001-000002', seqs(4, 14));
      const wire = new Wire();
      const { promise: awake, resolve: wake } = Promise.withResolvers<undefined>();
      const { promise: asleep, resolve: sleep } = Promise.withResolvers<undefined>();
      let written = 0;
      wire.onCall = async (name, _input, next) => {
        if (name !== 'UpdateItem' || written++ !== writes) return next();
        sleep(undefined);
        await awake;
        return next();
      };
      const through = { ...tables.sensors, client: wire.through(tables.sensors.client) };
      const frozen = apply(record, through).catch((error: unknown) => error);
      await Promise.race([asleep, frozen]);
      await apply(record, tables.sensors, 2);
      await apply(recordOf(device, '00000002-000001', seqs(2, 6, 12)), tables.sensors, 2);
      const before = await allOf(device);

      wake(undefined);
      const outcome = await frozen;

      expect(await allOf(device)).toEqual(before);
      expect(outcome === undefined || outcome instanceof LeaseLostError).toBe(true);
    },
  );
});

/** Everything of a device. */
async function allOf(device: string) {
  return Array.fromAsync(queryItems(tables.sensors, device));
}
