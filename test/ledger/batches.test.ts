import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  closeBatch,
  getBatch,
  listBatches,
  noteBatch,
  noteEvidence,
  openBatch,
  recordBatchResult,
  reopenBatch,
  reserveBatch,
  sealBatch,
} from '../../ledger/batches.ts';
import { batchId, executionArn } from './codes.ts';
import { startLedger, type TestLedger } from './ledger-table.ts';

let table: TestLedger;
let next = 0;
const monday = new Date('2026-03-02T08:00:00.000Z');
const tuesday = new Date('2026-03-03T08:00:00.000Z');
const run = (id: string, number = 1, redrive = 0) => ({
  batchId: id,
  executionArn: executionArn(number),
  redrive,
});
const ofAnother = { ofAnother: true };
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

/** A batch whose first execution opened it and failed. */
async function failed(): Promise<string> {
  const id = await sealed();
  await openBatch(table, { ...run(id), ...opening }, monday);
  await closeBatch(table, run(id), { state: 'FAILED', reason: 'WorkerLostError' }, monday);
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

    expect([first, other, repeated].map(Boolean)).toEqual([true, false, true]);
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

    expect(opened).toEqual([undefined, undefined]);
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

  it('opens again for one other execution after it FAILED, as its second run', async () => {
    const id = await failed();

    const opened = await Promise.all(
      [2, 3, 4, 5].map((number) =>
        reopenBatch(table, { ...run(id, number), ...opening }, ofAnother, tuesday),
      ),
    );

    const [winner, ...others] = opened.flatMap((item) => item ?? []);
    expect(others).toEqual([]);
    expect(winner).toEqual({
      batchId: id,
      state: 'OPEN',
      createdAt: monday.toISOString(),
      sealedAt: monday.toISOString(),
      openedAt: tuesday.toISOString(),
      executionArn: winner?.executionArn,
      redrive: 0,
      retryOf: executionArn(1),
      retryOfRedrive: 0,
      runs: 2,
      ...opening,
    });
    expect(await getBatch(table, id)).toEqual(winner);
  });

  it('is the same to a repeated call of the retry that opened it', async () => {
    const id = await failed();
    const first = await reopenBatch(table, { ...run(id, 2), ...opening }, ofAnother, monday);

    const repeated = await reopenBatch(table, { ...run(id, 2), ...opening }, ofAnother, tuesday);

    expect(repeated).toEqual(first);
  });

  it('keeps out of a retry all that the execution before it writes late', async () => {
    const id = await failed();
    const result = { key: 'out', sizeBytes: 1, sha256: 'a'.repeat(64) };
    const retried = await reopenBatch(table, { ...run(id, 2), ...opening }, ofAnother, tuesday);

    const late = [
      await openBatch(table, { ...run(id, 1), ...opening }, tuesday),
      await reopenBatch(table, { ...run(id, 1), ...opening }, ofAnother, tuesday),
      await recordBatchResult(table, run(id, 1), result),
      await closeBatch(table, run(id, 1), { state: 'SUCCEEDED' }, tuesday),
    ];

    expect(late).toEqual([undefined, undefined, false, false]);
    expect(await getBatch(table, id)).toEqual(retried);
  });

  it('opens again for a redrive of the execution that it FAILED in, and not for that run again', async () => {
    const id = await failed();
    const own = { ofAnother: false };

    const same = await reopenBatch(table, { ...run(id), ...opening }, own, tuesday);
    const redriven = await reopenBatch(table, { ...run(id, 1, 1), ...opening }, own, tuesday);
    const repeated = await reopenBatch(table, { ...run(id, 1, 1), ...opening }, own, monday);

    expect(same).toBeUndefined();
    expect(redriven).toMatchObject({
      state: 'OPEN',
      executionArn: executionArn(1),
      redrive: 1,
      retryOf: executionArn(1),
      retryOfRedrive: 0,
      runs: 2,
      openedAt: tuesday.toISOString(),
    });
    expect(redriven).not.toHaveProperty('reason');
    expect(repeated).toEqual(redriven);
  });

  it('opens again for a redrive that overtakes the sweeper: it is OPEN still', async () => {
    const id = await sealed();
    await openBatch(table, { ...run(id), ...opening }, monday);

    const redriven = await reopenBatch(
      table,
      { ...run(id, 1, 2), ...opening },
      { ofAnother: false },
      tuesday,
    );

    expect(redriven).toMatchObject({ state: 'OPEN', redrive: 2, retryOfRedrive: 0, runs: 2 });
  });

  it('keeps out of a redriven run all that the run before it writes late', async () => {
    const id = await failed();
    const own = { ofAnother: false };
    const result = { key: 'out', sizeBytes: 1, sha256: 'a'.repeat(64) };
    const redriven = await reopenBatch(table, { ...run(id, 1, 1), ...opening }, own, tuesday);

    const late = [
      await openBatch(table, { ...run(id), ...opening }, tuesday),
      await reopenBatch(table, { ...run(id), ...opening }, own, tuesday),
      await recordBatchResult(table, run(id), result),
      await closeBatch(table, run(id), { state: 'FAILED', reason: 'X' }, tuesday),
    ];

    expect(late).toEqual([undefined, undefined, false, false]);
    expect(await getBatch(table, id)).toEqual(redriven);
  });

  it('does not open for the redrive of an execution whose failure another one retried', async () => {
    const id = await failed();
    await reopenBatch(table, { ...run(id, 2), ...opening }, ofAnother, monday);
    const running = await reopenBatch(
      table,
      { ...run(id, 1, 1), ...opening },
      { ofAnother: true },
      tuesday,
    );
    await closeBatch(table, run(id, 2), { state: 'FAILED', reason: 'X' }, monday);

    const unasked = await reopenBatch(
      table,
      { ...run(id, 1, 1), ...opening },
      { ofAnother: false },
      tuesday,
    );

    expect([running, unasked]).toEqual([undefined, undefined]);
  });

  it('does not open again while it runs, once it SUCCEEDED, or for another pipeline', async () => {
    const running = await sealed();
    await openBatch(table, { ...run(running), ...opening }, monday);
    const succeeded = await sealed();
    await openBatch(table, { ...run(succeeded), ...opening }, monday);
    await closeBatch(table, run(succeeded), { state: 'SUCCEEDED' }, monday);
    const retry = (id: string, pipeline = opening.pipeline) =>
      reopenBatch(table, { ...run(id, 2), ...opening, pipeline }, ofAnother, tuesday);

    const opened = [
      await retry(await sealed()),
      await retry(running),
      await retry(succeeded),
      await retry(await failed(), 'other-pipeline'),
      await reopenBatch(table, { ...run(await failed(), 1), ...opening }, ofAnother, tuesday),
    ];

    expect(opened).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it('keeps its result when it is retried, and is closed anew', async () => {
    const id = await sealed();
    const result = { key: 'out', sizeBytes: 1, sha256: 'a'.repeat(64) };
    await openBatch(table, { ...run(id), ...opening }, monday);
    await recordBatchResult(table, run(id), result);
    await closeBatch(table, run(id), { state: 'FAILED', reason: 'RemnantsError' }, monday);

    await reopenBatch(table, { ...run(id, 2), ...opening }, ofAnother, tuesday);
    const recorded = await recordBatchResult(table, run(id, 2), result);
    await closeBatch(table, run(id, 2), { state: 'SUCCEEDED' }, tuesday);

    expect(recorded).toBe(true);
    expect(await getBatch(table, id)).toMatchObject({
      state: 'SUCCEEDED',
      reason: '',
      result,
      closedAt: tuesday.toISOString(),
    });
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

describe('the evidence of a batch', () => {
  const first = { key: 'evidence/v1/one.zip', sizeBytes: 1, sha256: 'a'.repeat(64) };
  const evidenceOf = async (id: string) => (await getBatch(table, id))?.evidence;

  it('is what was noted first', async () => {
    const id = await failed();

    expect(await noteEvidence(table, run(id), first, monday)).toBe(true);
    expect(await noteEvidence(table, run(id), { key: first.key }, tuesday)).toBe(true);

    expect(await evidenceOf(id)).toEqual({ ...first, notedAt: monday.toISOString() });
  });

  it('is that of a redrive, too, which did not come as far as to open it', async () => {
    const id = await failed();

    expect(await noteEvidence(table, { ...run(id), redrive: 1 }, first, monday)).toBe(true);
    expect(await evidenceOf(id)).toMatchObject(first);
  });

  it('is not noted for an execution that never opened it, or for no batch', async () => {
    const id = await failed();

    expect(await noteEvidence(table, run(id, 2), first, monday)).toBe(false);
    expect(await noteEvidence(table, run(batchId(900)), first, monday)).toBe(false);
    expect(await evidenceOf(id)).toBeUndefined();
    expect(await getBatch(table, batchId(900))).toBeUndefined();
  });

  it('is missing again as soon as a retry opens the batch, whoever notes that before', async () => {
    const id = await failed();
    await noteEvidence(table, run(id), first, monday);

    await reopenBatch(table, { ...run(id, 2), ...opening }, ofAnother, tuesday);

    expect(await evidenceOf(id)).toBeUndefined();
    expect(await noteEvidence(table, run(id), first, tuesday)).toBe(false);
  });
});

describe('a reservation', () => {
  const reservedBy = async (id: string) => (await getBatch(table, id))?.reservedBy;

  it('is made once, and by another execution only in place of the one that it names', async () => {
    const id = await sealed();

    expect(await reserveBatch(table, run(id, 1), undefined)).toBe(true);
    expect(await reserveBatch(table, run(id, 1), undefined)).toBe(true);
    expect(await reserveBatch(table, run(id, 2), undefined)).toBe(false);
    expect(await reserveBatch(table, run(id, 2), executionArn(3))).toBe(false);
    expect(await reservedBy(id)).toBe(executionArn(1));
    expect(await reserveBatch(table, run(id, 2), executionArn(1))).toBe(true);
    expect(await reservedBy(id)).toBe(executionArn(2));
  });

  it('is made of no batch that is unknown, not sealed, open, or done', async () => {
    const uploading = batchId((next += 1));
    await noteBatch(table, uploading, monday);
    const open = await sealed();
    await openBatch(table, { ...run(open), ...opening }, monday);
    const done = await sealed();
    await openBatch(table, { ...run(done), ...opening }, monday);
    await closeBatch(table, run(done), { state: 'SUCCEEDED' }, monday);

    for (const id of [batchId((next += 1)), uploading, open, done]) {
      expect(await reserveBatch(table, run(id, 2), undefined)).toBe(false);
    }
  });

  it('is made of a batch that FAILED, for its retry', async () => {
    const id = await failed();

    expect(await reserveBatch(table, run(id, 2), undefined)).toBe(true);
  });
});
