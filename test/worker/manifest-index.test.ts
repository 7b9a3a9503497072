import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDecryptor } from '../../envelope/decryptor.ts';
import { createEncryptor } from '../../envelope/encryptor.ts';
import { type ManifestIndex, openManifest } from '../../worker/manifest-index.ts';
import { mintCode, objectIdLength } from '../../workflow/model/code.ts';
import type { ManifestEntry } from '../../workflow/model/manifest.ts';
import { FakeKms, keyArn, place } from '../envelope/fake-kms.ts';
import { FakeS3 } from './fake-s3.ts';

const key = `in/v1/${place.study}/${place.batchId}/manifest`;
const digest = 'a'.repeat(64);
let directory: string;
let s3: FakeS3;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifest-test-'));
  s3 = new FakeS3();
});
afterEach(() => rm(directory, { recursive: true }));

/** Sorted ids, the same in every run. */
function mintIds(count: number): string[] {
  let seed = 1;
  const byte = (): number => (seed = (seed * 48_271) % 2_147_483_647) & 255;
  return Array.from({ length: count }, () => mintCode(objectIdLength, byte)).sort();
}

function entryOf(objectId: string, name = 'visits.csv'): ManifestEntry {
  return {
    objectId,
    name,
    mediaType: 'text/csv',
    sizeBytes: 1,
    sha256: digest,
    ciphertextBytes: 2,
    ciphertextSha256: digest,
  };
}

async function open(lines: readonly unknown[], end = '\n'): Promise<ManifestIndex> {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  const bytes = Buffer.from(text.join('\n') + end);
  const envelope = { kms: new FakeKms().client, keyArn, place, kind: 'input' } as const;
  const encrypt = createEncryptor(envelope).encrypt(bytes.length);
  s3.put(key, await buffer(encrypt(Readable.from([bytes]))));
  return openManifest(
    { s3: s3.client, bucket: 'in' },
    place,
    createDecryptor(envelope),
    join(directory, 'manifest'),
    new AbortController().signal,
  );
}

const header = (objects: number) => ({ version: 1, ...place, objects });

describe('a manifest', () => {
  it.each([0, 1, 2, 3, 10, 1_000])(
    'of %i entries finds each of them, and no other',
    async (count) => {
      const ids = mintIds(2 * count + 1);
      const [present, absent] = [0, 1].map((odd) => ids.filter((_id, index) => index % 2 !== odd));
      // Names of any length, so that lines are.
      const entries = present!.map((id, index) =>
        entryOf(id, 'n'.repeat(1 + ((index * 37) % 900))),
      );

      const manifest = await open([header(entries.length), ...entries]);

      for (const entry of entries) expect(await manifest.find(entry.objectId)).toEqual(entry);
      for (const id of absent!) expect(await manifest.find(id)).toBeUndefined();
      expect(await Array.fromAsync(manifest.entries())).toEqual(entries);
      await manifest.close();
    },
  );

  it('may lack the end of its last line, and have the longest names', async () => {
    const ids = mintIds(3);
    const entries = ids.map((id) => entryOf(id, '\u0001'.repeat(1024)));

    const manifest = await open([header(3), ...entries], '');

    for (const entry of entries) expect(await manifest.find(entry.objectId)).toEqual(entry);
    await manifest.close();
  });

  const [first, second] = mintIds(2).map((id) => entryOf(id, 'JaneCanary.csv'));
  it.each<[string, unknown[], string]>([
    ['is empty', [], 'malformed at line 1'],
    ['announces another number', [header(3), first, second], 'announces 3 objects and has 2'],
    ['is not sorted', [header(2), second, first], 'not sorted by object id at line 3'],
    ['has an entry twice', [header(2), first, first], 'not sorted by object id at line 3'],
    ['is of another batch', [{ ...header(0), batchId: 'cbdfghjkt' }], 'line 1'],
    ['is of another study', [{ ...header(0), study: 'other' }], 'another study or batch'],
    ['has a line that is not JSON', [header(1), 'JaneCanary'], 'malformed at line 2: the line'],
    ['has a wrong field', [header(1), { ...first, sha256: 'JaneCanary' }], 'line 2: sha256'],
    ['has a line without end', [header(1), 'x'.repeat(20_000)], 'a line of more than 8192 bytes'],
  ])('that %s is refused, without a word of it', async (_what, lines, message) => {
    const error: unknown = await open(lines).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      code: 'ManifestMismatchError',
      message: expect.stringContaining(message) as unknown,
    });
    expect(String(error)).not.toContain('JaneCanary');
  });
});
