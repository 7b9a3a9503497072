import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorker } from '../../worker/create-worker.ts';
import { placesFor } from '../../worker/process-batch.ts';
import { objectResultKey } from '../../workflow/model/keys.ts';
import { FakeCloud, processCommand, type TestBatch, type TestObject } from './fake-cloud.ts';
import { failure } from './fake-s3.ts';

const study = 'czarhipaa';
const never = new AbortController().signal;
let cloud: FakeCloud;

beforeAll(async () => {
  cloud = await FakeCloud.start();
});
afterAll(() => cloud.stop());
beforeEach(() => {
  cloud.sfn.answers.length = 0;
  cloud.lines.length = 0;
});

async function process(batch: TestBatch): Promise<unknown> {
  await createWorker(cloud.deps().deps).run(processCommand(batch), never);
  return cloud.sfn.answers.at(-1);
}

describe('process', () => {
  it('makes a result of every object, notes it, empties the queue and its scratch', async () => {
    const texts = ['1\n', '1\n2\n', '', '1\n2\n3\n', '1\n', '5\n6\n'];
    const batch = await cloud.openBatch(texts.map((text) => ({ text })));

    const answer = await process(batch);

    expect(answer).toEqual({ token: 'task-token', output: { done: 6, failed: 0 } });
    const objects = await cloud.objects(batch);
    expect(objects.map((object) => object?.state)).toEqual(texts.map(() => 'DONE'));
    for (const [index, object] of objects.entries()) {
      const key = objectResultKey({ study, ...batch }, batch.objectIds[index]!);
      const tar = await cloud.result(batch, key);
      expect(tar.toString()).toContain(`"lines":${texts[index]!.split('\n').length - 1}`);
      expect(object?.result).toMatchObject({ key, sizeBytes: cloud.s3.bytes(key).length });
    }
    expect(await cloud.left(batch.queueUrl)).toBe(0);
    expect(await readdir(cloud.root)).toEqual(['pipelines']);
  });

  it('asks KMS once for the batch to read and once to write, with its grant', async () => {
    const batch = await cloud.openBatch(['1\n', '2\n', '3\n'].map((text) => ({ text })));
    cloud.kms.calls.length = 0;

    await process(batch);

    expect(cloud.kms.calls).toEqual([
      {
        name: 'Decrypt',
        context: { study, batch: batch.batchId, kind: 'input' },
        grantTokens: ['grant-token'],
      },
      {
        name: 'GenerateDataKey',
        context: { study, batch: batch.batchId, kind: 'result' },
        grantTokens: ['grant-token'],
      },
    ]);
  });

  it('ends at once where the queue is empty already', async () => {
    const batch = await cloud.openBatch([]);

    expect(await process(batch)).toMatchObject({ output: { done: 0, failed: 0 } });
  });

  const flip = (bytes: Buffer): Buffer => {
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
    return damaged;
  };
  it.each<[string, string, TestObject]>([
    ['NOT_IN_MANIFEST', 'is not in the manifest', { text: '1\n', entry: 'absent' }],
    ['MISSING', 'is not in the bucket', { text: '1\n', damage: () => undefined }],
    ['NOT_ENCRYPTED', 'is no ciphertext', { text: '1\n', damage: () => Buffer.from('plain') }],
    ['CORRUPT', 'has one flipped bit', { text: '1\n', damage: flip }],
    ['TRUNCATED', 'is cut', { text: '1\n', damage: (bytes) => bytes.subarray(0, -1) }],
    ['DIGEST_MISMATCH', 'is another one', { text: '1\n', entry: { sha256: 'a'.repeat(64) } }],
    ['DIGEST_MISMATCH', 'is longer than listed', { text: '1\n', entry: { sizeBytes: 1 } }],
    ['TYPE_NOT_ACCEPTED', 'is an image', { text: '1\n', mediaType: 'image/png' }],
    ['PIPELINE_REJECTED', 'is rejected', { text: 'BAD coded' }],
  ])('ends an object FAILED with %s where it %s, and goes on', async (reason, _what, object) => {
    const batch = await cloud.openBatch([object, { text: '1\n' }]);

    const answer = await process(batch);

    expect(answer).toMatchObject({ output: { done: 1, failed: 1 } });
    const [bad, good] = await cloud.objects(batch);
    expect(bad).toMatchObject({ state: 'FAILED', reason });
    expect(bad?.result).toBeUndefined();
    expect(good?.state).toBe('DONE');
    expect(await cloud.left(batch.queueUrl)).toBe(0);
  });

  it.each([
    ['BAD coded', 'BAD_HEADER'],
    ['BAD Jane Canary', 'UNSPECIFIED'],
    ['EMPTY', 'OUTPUT_EMPTY'],
  ])('notes a code for why an object was rejected, and no other text: %s', async (text, reason) => {
    const batch = await cloud.openBatch([{ text }]);

    await process(batch);

    expect((await cloud.objects(batch))[0]?.pipelineReason).toBe(reason);
  });

  it('is WRONG_CONTEXT for an object of another batch under the same key', async () => {
    const other = await cloud.openBatch([{ text: '1\n' }]);
    const foreign = cloud.s3.bytes(`in/v1/${study}/${other.batchId}/${other.objectIds[0]}`);
    const batch = await cloud.openBatch([{ text: '1\n', damage: () => foreign }]);

    await process(batch);

    expect((await cloud.objects(batch))[0]).toMatchObject({ reason: 'WRONG_CONTEXT' });
  });

  it('gives up an object that fails on every delivery', async () => {
    const batch = await cloud.openBatch([{ text: 'CRASH' }], { mostDeliveries: 3 });

    await process(batch);

    const [object] = await cloud.objects(batch);
    expect(object).toMatchObject({ state: 'FAILED', reason: 'RETRIES_EXHAUSTED', attempts: 3 });
    expect(await cloud.left(batch.queueUrl)).toBe(0);
  });

  it.each([
    ['S3 fails', 'GetObject', failure('InternalError', 500)],
    ['the connection breaks', 'PutObject', Object.assign(new Error(), { code: 'ECONNRESET' })],
    ['KMS throttles', 'GenerateDataKey', Object.assign(failure('ThrottlingException', 400))],
  ])('tries an object again after %s', async (_what, name, error) => {
    const batch = await cloud.openBatch([{ text: '1\n2\n' }]);
    const { deps, wire } = cloud.deps();
    let failed = 0;
    wire.onCall = async (called, input, next) => {
      const isManifest = JSON.stringify(input).includes('/manifest"');
      if (called === name && !isManifest && (failed += 1) <= 1) throw error;
      return next();
    };

    await createWorker(deps).run(processCommand(batch), never);

    expect(failed).toBeGreaterThan(1);
    expect((await cloud.objects(batch))[0]).toMatchObject({ state: 'DONE' });
  });

  it('works on an object once though its message was sent twice', async () => {
    const batch = await cloud.openBatch([{ text: '1\n' }]);
    const [objectId] = batch.objectIds;
    await cloud.send(batch.queueUrl, { version: 1, batchId: batch.batchId, objectId });
    cloud.s3.puts.length = 0;

    const answer = await process(batch);

    expect(answer).toMatchObject({ output: { done: 1, failed: 0 } });
    expect(cloud.s3.puts).toHaveLength(1);
    expect(await cloud.left(batch.queueUrl)).toBe(0);
  });

  it('keeps the message of an object that takes longer than the queue waits', async () => {
    const batch = await cloud.openBatch([{ text: 'SLOW\n' }], { visibilitySeconds: 1 });
    cloud.s3.puts.length = 0;

    await Promise.all(
      [cloud.deps(), cloud.deps()].map(({ deps }) =>
        createWorker(deps).run(processCommand(batch), never),
      ),
    );

    expect((await cloud.objects(batch))[0]).toMatchObject({ state: 'DONE', attempts: 1 });
    expect(cloud.s3.puts).toHaveLength(1);
  });

  it.each([
    ['another batch', { version: 1, batchId: 'bcdfghjkw', objectId: 'mnpqrstvwxzbcdfghjkmg' }],
    ['no form', { hello: 'world' }],
  ])('leaves a message of %s to the dead-letter queue', async (_what, message) => {
    const batch = await cloud.openBatch([{ text: '1\n' }], { mostDeliveries: 2 });
    await cloud.send(batch.queueUrl, message);

    const answer = await process(batch);

    expect(answer).toMatchObject({ output: { done: 1, failed: 0 } });
    expect(await cloud.left(batch.queueUrl)).toBe(0);
    expect(await cloud.left(`${batch.queueUrl}-dead`)).toBe(1);
  });

  it('shares a queue with another worker: every object is done once', async () => {
    const texts = Array.from({ length: 8 }, (_, index) => '1\n'.repeat(index));
    const batch = await cloud.openBatch(texts.map((text) => ({ text })));
    cloud.s3.puts.length = 0;

    await Promise.all(
      ['i-0123456789abcdef0', 'i-0123456789abcdef1'].map((instanceId) =>
        createWorker(cloud.deps({ machine: { cores: 1, memoryMiB: 8192 } }).deps).run(
          processCommand(batch, { instanceId }),
          never,
        ),
      ),
    );

    const counts = cloud.sfn.answers.map(({ output }) => (output as { done: number }).done);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8);
    expect(new Set(cloud.s3.puts).size).toBe(8);
    expect(cloud.s3.puts).toHaveLength(8);
  });

  it.each([
    ['PermissionError', failure('AccessDenied', 403), 'GetObject'],
    ['PermissionError', failure('AccessDeniedException', 400), 'GenerateDataKey'],
    ['KeyUnavailableError', failure('DisabledException', 400), 'GenerateDataKey'],
  ])(
    'ends as a whole with %s, and uses up no tries of other objects',
    async (code, error, name) => {
      const batch = await cloud.openBatch([{ text: '1\n' }, { text: '2\n' }]);
      const { deps, wire } = cloud.deps({ machine: { cores: 1, memoryMiB: 8192 } });
      wire.onCall = (called, input, next) => {
        const isManifest = JSON.stringify(input).includes('/manifest"');
        return called === name && !isManifest ? Promise.reject(error) : next();
      };

      const exit = await createWorker(deps).run(processCommand(batch), never);

      expect(exit).toBe(1);
      expect(cloud.sfn.answers.at(-1)).toMatchObject({ error: code });
      const attempts = (await cloud.objects(batch)).map((object) => object?.attempts ?? 0);
      expect(attempts.sort()).toEqual([0, 1]);
      expect(await cloud.left(batch.queueUrl)).toBe(2);
    },
  );

  it('refuses a pipeline that is not installed', async () => {
    const batch = await cloud.openBatch([{ text: '1\n' }]);

    await createWorker(cloud.deps().deps).run(processCommand(batch, { pipeline: 'other' }), never);

    expect(cloud.sfn.answers.at(-1)).toMatchObject({
      error: 'PipelineFailedError',
      cause: expect.stringContaining('Installed: line-count') as unknown,
    });
  });

  it.each([
    ['missing', () => undefined, 'no manifest'],
    ['cut', (bytes: Buffer) => bytes.subarray(0, -1), 'TRUNCATED'],
    ['not encrypted', () => Buffer.from('{}'), 'NOT_ENCRYPTED'],
  ])('refuses a manifest that is %s', async (_what, damage, cause) => {
    const batch = await cloud.openBatch([{ text: '1\n' }]);
    const key = `in/v1/${study}/${batch.batchId}/manifest`;
    const damaged = damage(cloud.s3.bytes(key));
    cloud.s3.objects.delete(key);
    if (damaged !== undefined) cloud.s3.put(key, damaged);

    const answer = await process(batch);

    expect(answer).toMatchObject({
      error: 'ManifestMismatchError',
      cause: expect.stringContaining(cause) as unknown,
    });
  });

  it('says nothing of the data in its log, its answers and the ledger', async () => {
    const canary = 'JaneCanary';
    const batch = await cloud.openBatch([
      { text: `${canary}\n`, name: `${canary}.csv` },
      { text: `BAD ${canary}`, name: `${canary}.csv` },
      { text: `CRASH ${canary}`, name: `${canary}.csv` },
    ]);

    const answer = await process(batch);

    const surfaces = [cloud.lines, answer, await cloud.objects(batch), cloud.s3.keys()];
    expect(JSON.stringify(surfaces)).not.toContain(canary);
    expect(cloud.lines.length).toBeGreaterThan(3);
  });
});

describe('placesFor', () => {
  const contract = { limits: { processSeconds: 1, memoryMiB: 512 } };

  it.each([
    [4, 16_384, 4],
    [8, 2_048, 2],
    [2, 512, 1],
  ])('of %i cores and %i MiB are %i', (cores, memoryMiB, places) => {
    expect(placesFor(contract as never, { cores, memoryMiB })).toBe(places);
  });
});
