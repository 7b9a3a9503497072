import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBatch, noteBatch, openBatch, sealBatch } from '../../ledger/batches.ts';
import { getObject, registerObject } from '../../ledger/objects.ts';
import { closeBatch, CloseBatchInput } from '../../tasks/close-batch/close-batch.ts';
import { batchId, executionArn, objectId } from '../ledger/codes.ts';
import { startLedger, type TestLedger } from '../ledger/ledger-table.ts';
import { monday } from './runs.ts';

let table: TestLedger;
let next = 0;
const deps = () => ({ table, now: () => monday });

beforeAll(async () => {
  table = await startLedger();
});
afterAll(() => table.stop());

async function opened() {
  const run = { batchId: batchId((next += 1)), executionArn: executionArn(1), redrive: 0 };
  await noteBatch(table, run.batchId, monday);
  await sealBatch(table, run.batchId, monday);
  await openBatch(table, { ...run, pipeline: 'vitals-summary', objects: 1 }, monday);
  return run;
}

describe('Close Batch', () => {
  it('writes the outcome and its reason, as often as it is called', async () => {
    const run = await opened();
    const failed = { ...run, outcome: 'FAILED', reason: 'WorkerLostError' } as const;

    const first = await closeBatch(failed, deps());
    const second = await closeBatch(failed, deps());

    expect([first, second]).toEqual([{ closed: true }, { closed: true }]);
    expect(await getBatch(table, run.batchId)).toMatchObject({
      state: 'FAILED',
      reason: 'WorkerLostError',
    });
  });

  it.each(['CANARY: Jane Doe', 'Jane.Doe', 'JaneDoe'])(
    'writes nothing that is not the name of an error: %s',
    async (reason) => {
      const run = await opened();
      const input = { ...run, outcome: 'FAILED', reason } as const;

      await closeBatch(input, deps());

      expect((await getBatch(table, run.batchId))?.reason).toBe('UnexpectedError');
      expect(CloseBatchInput.parse(input)).toMatchObject({ reason: 'UnexpectedError' });
    },
  );

  it('leaves objects that nobody got to as they are, for a later run', async () => {
    const run = await opened();
    const place = { batchId: run.batchId, objectId: objectId(1) };
    await registerObject(table, { ...place, sizeBytes: 1 }, monday);

    await closeBatch({ ...run, outcome: 'FAILED', reason: 'WorkerLostError' }, deps());

    expect((await getObject(table, place))?.state).toBe('REGISTERED');
  });

  it('says where a failed execution had not opened the batch, and changes nothing', async () => {
    const run = await opened();
    const stranger = { ...run, executionArn: executionArn(2) };

    const answer = await closeBatch({ ...stranger, outcome: 'FAILED', reason: 'X' }, deps());

    expect(answer).toEqual({ closed: false });
    expect((await getBatch(table, run.batchId))?.state).toBe('OPEN');
  });

  it('does not let an execution succeed with a batch that is not its own', async () => {
    const run = await opened();

    await expect(
      closeBatch(
        { ...run, executionArn: executionArn(2), redriven: false, outcome: 'SUCCEEDED' },
        deps(),
      ),
    ).rejects.toMatchObject({ name: 'BatchTakenError' });
  });

  it('never turns a batch that FAILED into one that SUCCEEDED', async () => {
    const run = await opened();
    await closeBatch({ ...run, outcome: 'FAILED', reason: 'States.Timeout' }, deps());

    const late = closeBatch({ ...run, redriven: false, outcome: 'SUCCEEDED' }, deps());

    await expect(late).rejects.toMatchObject({ name: 'BatchTakenError' });
    expect(await getBatch(table, run.batchId)).toMatchObject({
      state: 'FAILED',
      reason: 'States.Timeout',
    });
  });

  it('lets the end of a stopped execution replace what it wrote before', async () => {
    const run = await opened();
    await closeBatch({ ...run, redriven: false, outcome: 'SUCCEEDED' }, deps());

    await closeBatch({ ...run, outcome: 'FAILED', reason: 'States.Timeout' }, deps());

    expect((await getBatch(table, run.batchId))?.state).toBe('FAILED');
  });

  it('asks for a reason where a batch failed, and takes none where it did not', () => {
    const run = { batchId: batchId(1), executionArn: executionArn(1), redrive: 0 };

    expect(CloseBatchInput.safeParse({ ...run, outcome: 'FAILED' }).success).toBe(false);
    expect(CloseBatchInput.safeParse({ ...run, outcome: 'SUCCEEDED', reason: 'X' }).success).toBe(
      false,
    );
  });
});
