import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeBatch, getBatch, reopenBatch } from '../../ledger/batches.ts';
import { getObject } from '../../ledger/objects.ts';
import { updateItem } from '../../ledger/table.ts';
import { createWorker } from '../../worker/create-worker.ts';
import { objectResultKey } from '../../workflow/model/keys.ts';
import type { ObjectState } from '../../workflow/model/ledger-items.ts';
import {
  consolidateCommand,
  FakeCloud,
  processCommand,
  sha256,
  type TestBatch,
  type TestObject,
} from './fake-cloud.ts';

const study = 'czarhipaa';
const never = new AbortController().signal;
let cloud: FakeCloud;

beforeAll(async () => {
  cloud = await FakeCloud.start();
});
afterAll(() => cloud.stop());
beforeEach(() => {
  cloud.sfn.answers.length = 0;
});

async function processed(objects: readonly TestObject[]): Promise<TestBatch> {
  const batch = await cloud.openBatch(objects);
  await createWorker(cloud.deps().deps).run(processCommand(batch), never);
  return batch;
}

/** Keys of the consolidated results of a batch. */
const resultKeys = ({ batchId }: TestBatch): string[] =>
  cloud.s3.keys().filter((key) => key.startsWith(`out/v1/${study}/${batchId}/results/`));

/** Ends an object in the ledger as nobody did. */
async function settleAs(state: ObjectState, { batchId, objectIds }: TestBatch, index: number) {
  await updateItem(cloud.table, {
    partition: batchId,
    item: `OBJECT#${objectIds[index]!}`,
    update: 'SET #state = :state',
    condition: 'attribute_exists(batchId)',
    names: { '#state': 'state' },
    values: { ':state': state },
  });
}

async function consolidate(batch: TestBatch, tolerated = 0): Promise<unknown> {
  await createWorker(cloud.deps().deps).run(consolidateCommand(batch, tolerated), never);
  return cloud.sfn.answers.at(-1);
}

describe('consolidate', () => {
  it('makes one encrypted result of all objects, and notes it in the ledger', async () => {
    const batch = await processed([{ text: '1\n' }, { text: '1\n2\n' }, { text: '1\n2\n3\n' }]);

    const answer = await consolidate(batch);

    const [key, ...others] = resultKeys(batch);
    const stored = cloud.s3.bytes(key!);
    const result = { key, sizeBytes: stored.length, sha256: sha256(stored) };
    expect(others).toEqual([]);
    expect(answer).toEqual({
      token: 'task-token',
      output: {
        objects: 3,
        done: 3,
        failed: 0,
        resultKey: key,
        resultBytes: result.sizeBytes,
        resultSha256: result.sha256,
      },
    });
    expect((await cloud.result(batch, key!)).toString()).toContain('{"objects":3,"total":6}');
    expect((await getBatch(cloud.table, batch.batchId))?.result).toEqual(result);
  });

  it('answers the same when it is asked a second time', async () => {
    const batch = await processed([{ text: '1\n' }]);

    const first = await consolidate(batch);
    const second = await consolidate(batch);

    expect(second).toEqual(first);
  });

  it('lets the result of the run before stand when the batch is retried', async () => {
    const batch = await processed([{ text: '1\n' }, { text: '1\n2\n' }]);
    const first = await consolidate(batch);
    const [key] = resultKeys(batch);
    const stored = cloud.s3.bytes(key!);
    const now = new Date('2026-03-03T08:00:00.000Z');
    await closeBatch(cloud.table, batch, { state: 'FAILED', reason: 'RemnantsError' }, now);
    const retry = { ...batch, executionArn: `${batch.executionArn}-retry` };
    await reopenBatch(
      cloud.table,
      { ...retry, pipeline: 'line-count', objects: 2 },
      { ofAnother: true },
      now,
    );

    const late = await consolidate(batch);
    const second = await consolidate(retry);

    expect(late).toMatchObject({ error: 'BatchTakenError' });
    expect(second).toEqual(first);
    expect(cloud.s3.bytes(key!)).toEqual(stored);
    expect(resultKeys(batch)).toEqual([key]);
    expect(await getBatch(cloud.table, batch.batchId)).toMatchObject({
      state: 'OPEN',
      result: { key, sizeBytes: stored.length, sha256: sha256(stored) },
    });
  });

  it('ends nothing of a retry that has begun, however late it comes', async () => {
    const batch = await processed([{ text: '1\n' }, { text: '1\n2\n' }]);
    const now = new Date('2026-03-03T08:00:00.000Z');
    await closeBatch(cloud.table, batch, { state: 'FAILED', reason: 'RemnantsError' }, now);
    await reopenBatch(
      cloud.table,
      { ...batch, executionArn: 'arn:retry', pipeline: 'line-count', objects: 2 },
      { ofAnother: true },
      now,
    );
    await settleAs('REGISTERED', batch, 1);

    const answer = await consolidate(batch);

    const [, second] = batch.objectIds;
    expect(answer).toMatchObject({ error: 'BatchTakenError' });
    expect(await getObject(cloud.table, { ...batch, objectId: second! })).toMatchObject({
      state: 'REGISTERED',
    });
  });

  it('makes another result where a retry got more objects done, whatever was stored before', async () => {
    const batch = await processed([{ text: '1\n' }, { text: '1\n2\n' }]);
    await settleAs('FAILED', batch, 1);
    await consolidate(batch, 1);
    const [first] = resultKeys(batch);
    await settleAs('DONE', batch, 1);

    const answer = await consolidate(batch, 1);

    const key = resultKeys(batch).find((each) => each !== first)!;
    expect(answer).toMatchObject({ output: { done: 2, resultKey: key } });
    expect((await cloud.result(batch, key)).toString()).toContain('{"objects":2,"total":3}');
    expect((await getBatch(cloud.table, batch.batchId))?.result?.key).toBe(key);
  });

  it('refuses more failed objects than are tolerated, counted by reason', async () => {
    const batch = await processed([
      { text: '1\n' },
      { text: 'BAD' },
      { text: 'BAD' },
      { text: '1\n', mediaType: 'image/png' },
    ]);

    const answer = await consolidate(batch, 2);

    expect(answer).toEqual({
      token: 'task-token',
      error: 'ObjectsFailedError',
      cause: '3 of 4 objects failed, 2 are tolerated: 2 PIPELINE_REJECTED, 1 TYPE_NOT_ACCEPTED',
    });
    expect(resultKeys(batch)).toEqual([]);
  });

  it('leaves tolerated failures out', async () => {
    const batch = await processed([{ text: '1\n2\n' }, { text: 'BAD' }]);

    const answer = await consolidate(batch, 1);

    expect(answer).toMatchObject({ output: { objects: 2, done: 1, failed: 1 } });
  });

  it('refuses a batch in which no object is done, however many failures are tolerated', async () => {
    const batch = await processed([{ text: 'BAD' }]);

    expect(await consolidate(batch, 10)).toMatchObject({ error: 'ObjectsFailedError' });
  });

  it('ends objects that nobody ended: tried ones and untouched ones', async () => {
    const batch = await cloud.openBatch([{ text: '1\n' }, { text: '2\n' }, { text: '3\n' }]);
    const { deps, wire } = cloud.deps({ machine: { cores: 1, memoryMiB: 8192 } });
    const stop = new AbortController();
    let puts = 0;
    wire.onCall = async (name, _input, next) => {
      if (name !== 'PutObject' || (puts += 1) !== 2) return next();
      stop.abort(new Error('stop'));
      throw stop.signal.reason;
    };
    await createWorker(deps).run(processCommand(batch), stop.signal);

    const answer = await consolidate(batch, 3);

    expect(answer).toMatchObject({ output: { done: 1, failed: 2 } });
    const reasons = (await cloud.objects(batch)).map((object) => object?.reason ?? object?.state);
    expect(reasons.sort()).toEqual(['DONE', 'NOT_PROCESSED', 'RETRIES_EXHAUSTED']);
  });

  it('refuses a manifest with an object that the ledger does not know', async () => {
    const batch = await processed([{ text: '1\n' }]);
    const { deps, wire } = cloud.deps();
    wire.onCall = async (name, _input, next) => (name === 'Query' ? { Items: [] } : next());

    await createWorker(deps).run(consolidateCommand(batch), never);

    expect(cloud.sfn.answers.at(-1)).toMatchObject({
      error: 'ManifestMismatchError',
      cause: expect.stringContaining(batch.objectIds[0]!) as unknown,
    });
  });

  it('refuses a manifest that differs from the listing, whatever is tolerated', async () => {
    const batch = await processed([
      { text: '1\n' },
      { text: '2\n', entry: { ciphertextSha256: 'a'.repeat(64) } },
    ]);

    const answer = await consolidate(batch, 1);

    expect(answer).toMatchObject({
      error: 'ManifestMismatchError',
      cause: `the listing and the manifest differ at object ${batch.objectIds[1]!}`,
    });
  });

  it.each([
    ['exchanged for another', (bytes: Buffer, other: Buffer) => (bytes.length > 0 ? other : bytes)],
    ['damaged', (bytes: Buffer) => bytes.fill(0, bytes.length - 1)],
    ['gone', () => undefined],
  ])('refuses a stored result that was %s', async (_what, damage) => {
    const batch = await processed([{ text: '1\n' }, { text: '1\n2\n' }]);
    const [key, otherKey] = batch.objectIds.map((id) => objectResultKey({ study, ...batch }, id));
    const damaged = damage(Buffer.from(cloud.s3.bytes(key!)), cloud.s3.bytes(otherKey!));
    cloud.s3.objects.delete(key!);
    if (damaged !== undefined) cloud.s3.put(key!, damaged);

    const answer = await consolidate(batch);

    expect(answer).toMatchObject({
      error: 'PipelineFailedError',
      cause: expect.stringContaining('not the one that the ledger names') as unknown,
    });
  });

  it.each([
    ['ends with an error', 13, 'consolidation ended with 70'],
    ['makes a file that it did not declare', 17, 'did not make exactly its resultFiles'],
  ])('fails where the pipeline %s', async (_what, lines, cause) => {
    const batch = await processed([{ text: '1\n'.repeat(lines) }]);

    const answer = await consolidate(batch);

    expect(answer).toMatchObject({
      error: 'PipelineFailedError',
      cause: expect.stringContaining(cause) as unknown,
    });
    expect(resultKeys(batch)).toEqual([]);
  });

  it('refuses a batch that is open for another execution', async () => {
    const batch = await processed([{ text: '1\n' }]);
    const command = { ...consolidateCommand(batch), executionArn: 'arn:other' };

    await createWorker(cloud.deps().deps).run(command, never);

    expect(cloud.sfn.answers.at(-1)).toMatchObject({ error: 'BatchTakenError' });
  });
});
