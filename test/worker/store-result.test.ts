import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPatience } from '../../runtime/patience.ts';
import { findResult, storeResult } from '../../worker/store-result.ts';
import { sha256 } from './fake-cloud.ts';
import { failure, FakeS3 } from './fake-s3.ts';
import { Wire } from './wire.ts';

const to = { bucket: 'out', key: 'out/v1/result' };
const bytes = Buffer.from('ciphertext');
const never = new AbortController().signal;
let directory: string;
let s3: FakeS3;
let wire: Wire;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'store-test-'));
  await writeFile(join(directory, 'file'), bytes);
  s3 = new FakeS3();
  wire = new Wire();
});
afterEach(() => rm(directory, { recursive: true }));

const stored = { key: to.key, sizeBytes: bytes.length, sha256: sha256(bytes) };
const store = () =>
  storeResult(
    { s3: wire.through(s3.client), patience: createPatience(1, 1) },
    to,
    { ...stored, path: join(directory, 'file') },
    never,
  );

describe('storeResult', () => {
  it('stores a file with its digest, where nothing is', async () => {
    expect(await store()).toEqual({ result: stored, before: false });
    expect(await findResult(s3.client, to)).toEqual(stored);
    expect(s3.bytes(to.key).equals(bytes)).toBe(true);
  });

  it('lets what is stored stand, and answers that', async () => {
    const other = { bytes: Buffer.from('other'), metadata: { 'czar-sha256': 'b'.repeat(64) } };
    s3.objects.set(to.key, other);

    const answer = await store();

    expect(answer).toEqual({
      result: { key: to.key, sizeBytes: 5, sha256: 'b'.repeat(64) },
      before: true,
    });
    expect(s3.objects.get(to.key)).toBe(other);
  });

  it('takes its own result where the answer to its PUT was lost', async () => {
    let lost = false;
    wire.onCall = async (name, _input, next) => {
      const answer = await next();
      if (name !== 'PutObject' || lost) return answer;
      lost = true;
      throw Object.assign(new Error(), { code: 'ECONNRESET' });
    };

    expect(await store()).toEqual({ result: stored, before: true });
  });

  it.each([409, 500, 503])(
    'tries again after %i, as long as its patience lasts',
    async (status) => {
      let failures = 0;
      wire.onCall = (_name, _input, next) =>
        (failures += 1) <= 8 ? Promise.reject(failure('Trouble', status)) : next();

      expect(await store()).toEqual({ result: stored, before: false });

      s3.objects.clear();
      wire.onCall = () => Promise.reject(failure('Trouble', status));
      await expect(store()).rejects.toMatchObject({ name: 'Trouble' });
    },
  );

  it('does not try again after a refusal', async () => {
    wire.onCall = () => Promise.reject(failure('AccessDenied', 403));

    await expect(store()).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(wire.calls).toEqual(['PutObject']);
  });

  it('refuses a stored result that does not tell its digest', async () => {
    s3.put(to.key, bytes);

    await expect(store()).rejects.toMatchObject({ code: 'ContractError' });
  });
});
