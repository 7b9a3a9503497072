import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';
import { createEncryptor } from '../../../envelope/encryptor.ts';
import type { CiphertextKind } from '../../../workflow/model/encryption-context.ts';
import type { StoredResult } from '../../../workflow/model/ledger-items.ts';
import { clientSettings, place } from '../fake-aws/study.ts';
import type { Laptop } from '../laptop.ts';

type Entry = Partial<Header> & { name: string; content?: string };

/** Packs entries into a tar. */
export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = '', ...header } of entries) tar.entry(header, content);
  tar.finalize();
  return buffer(tar);
}

/** Encrypts bytes as a worker does. */
export async function encrypted(
  { deployment }: Laptop,
  bytes: Buffer,
  { batchId = place.batchId, kind = 'result' }: { batchId?: string; kind?: CiphertextKind } = {},
): Promise<Buffer> {
  const encryptor = createEncryptor({
    kms: deployment.kms,
    keyArn: clientSettings.dataKeyArn,
    place: { ...place, batchId },
    kind,
  });
  return buffer(encryptor.encrypt(bytes.length)(Readable.from([bytes])));
}

/** Puts a ciphertext into S3O, and says what the ledger would note of it. */
export function store({ aws }: Laptop, key: string, ciphertext: Buffer): StoredResult {
  aws.s3.objects.set(`${clientSettings.resultBucket}/${key}`, ciphertext);
  const sha256 = createHash('sha256').update(ciphertext).digest('hex');
  return { key, sizeBytes: ciphertext.length, sha256 };
}

/** Notes a batch in the ledger. */
export function noteBatch({ aws }: Laptop, fields: Record<string, unknown>): void {
  aws.json.items.push({
    batchId: place.batchId,
    item: 'BATCH',
    kind: 'BATCH',
    createdAt: '2026-01-02T03:04:05.000Z',
    ...fields,
  });
}
