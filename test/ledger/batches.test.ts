import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  closeBatch,
  getBatch,
  listBatches,
  noteBatch,
  openBatch,
  recordBatchResult,
  sealBatch,
} from '../../ledger/batches.ts';
import { batchId, executionArn } from './codes.ts';
import { startLedger, type TestLedger } from './ledger-table.ts';

let table: TestLedger;
let next = 0;
const monday = new Date('2026-03-02T08:00:00.000Z');
const tuesday = new Date('2026-03-03T08:00:00.000Z');
const run = (id: string, number = 1) => ({ batchId: id, executionArn: executionArn(number) });
const opening = { pipeline: 'vitals-summary', objects: 3 };

beforeAll(async () => {
  table = await startLedger();
});
afterAll(() => table.stop());

async function sealed(): Promise<string> {
  const id = batchId((next += 1));
  await noteBatch(table, id, monday);
  await sealBatch(table, id, monday);
  return id;
}

describe('a batch', () => {
  it('is UPLOADING from its first object on, and SEALED by its manifest', async () => {
    const id = batchId((next += 1));

    await noteBatch(table, id, monday);
    const before = await getBatch(table, id);
    await sealBatch(table, id, tuesday);

    expect(before).toEqual({ batchId: id, state: 'UPLOADING', createdAt: monday.toISOString() });
    expect(await getBatch(table, id)).toEqual({
      batchId: id,
      state: 'SEALED',
      createdAt: monday.toISOString(),
      sealedAt: tuesday.toISOString(),
    });
  });

  it('is sealed by a manifest whose event overtakes those of all objects', async () => {
    const id = batchId((next += 1));

    await sealBatch(table, id, monday);
    await noteBatch(table, id, tuesday);

    expect((await getBatch(table, id))?.state).toBe('SEALED');
  });

  it('is not sealed again once it is open', async () => {
    const id = await sealed();
    await openBatch(table, { ...run(id), ...opening }, monday);

    await sealBatch(table, id, tuesday);

    expect(await getBatch(table, id)).toMatchObject({
      state: 'OPEN',
      sealedAt: monday.toISOString(),
    });
  });

  it('opens for one execution only, and again for the same', async () => {
    const id = await sealed();

    const first = await openBatch(table, { ...run(id, 1), ...opening }, monday);
    const other = await openBatch(table, { ...run(id, 2), ...opening }, monday);
    const repeated = await openBatch(table, { ...run(id, 1), ...opening }, tuesday);

    expect([first, other, repeated]).toEqual([true, false, true]);
    expect(await getBatch(table, id)).toMatchObject({
      executionArn: executionArn(1),
      openedAt: monday.toISOString(),
    });
  });

  it('opens for exactly one of many executions that try at once', async () => {
    const id = await sealed();

    const opened = await Promise.all(
      Array.from({ length: 8 }, (_, number) =>
        openBatch(table, { ...run(id, number), ...opening }, monday),
      ),
    );

    expect(opened.filter(Boolean)).toHaveLength(1);
  });

  it('does not open while it is uploaded, and not after it ended', async () => {
    const uploading = batchId((next += 1));
    await noteBatch(table, uploading, monday);
    const ended = await sealed();
    await openBatch(table, { ...run(ended), ...opening }, monday);
    await closeBatch(table, run(ended), { state: 'FAILED', reason: 'WorkerLostError' }, monday);

    const opened = await Promise.all(
      [uploading, ended].map((id) => openBatch(table, { ...run(id), ...opening }, tuesday)),
    );

    expect(opened).toEqual([false, false]);
  });

  it('is closed by the execution that opened it, and by no other', async () => {
    const id = await sealed();
    await openBatch(table, { ...run(id), ...opening }, monday);

    const other = await closeBatch(table, run(id, 2), { state: 'SUCCEEDED' }, monday);
    const own = await closeBatch(table, run(id), { state: 'FAILED', reason: 'X' }, tuesday);

    expect([other, own]).toEqual([false, true]);
    expect(await getBatch(table, id)).toMatchObject({
      state: 'FAILED',
      reason: 'X',
      closedAt: tuesday.toISOString(),
    });
  });

  it('takes its result only while it is open', async () => {
    const id = await sealed();
    const result = { key: 'out', sizeBytes: 1, sha256: 'a'.repeat(64) };

    const early = await recordBatchResult(table, run(id), result);
    await openBatch(table, { ...run(id), ...opening }, monday);
    const inTime = await recordBatchResult(table, run(id), result);

    expect([early, inTime]).toEqual([false, true]);
    expect((await getBatch(table, id))?.result).toEqual(result);
  });

  it('is listed with all others, newest first', async () => {
    const own = await startLedger();
    await noteBatch(own, batchId(1), monday);
    await noteBatch(own, batchId(2), tuesday);

    const listed = await Array.fromAsync(listBatches(own), (batch) => batch.batchId);

    expect(listed).toEqual([batchId(2), batchId(1)]);
    await own.stop();
  });
});
