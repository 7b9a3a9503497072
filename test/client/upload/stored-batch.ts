import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createDecryptor } from '../../../envelope/decryptor.ts';
import { inputKey, listingKey, manifestKey } from '../../../workflow/model/keys.ts';
import { ListingEntry, ManifestEntry, ManifestHeader } from '../../../workflow/model/manifest.ts';
import { clientSettings, place } from '../fake-aws/study.ts';
import type { Laptop } from '../laptop.ts';

/** A batch as a worker would find it: everything parsed, decrypted and held against its digests. */
export interface StoredBatch {
  readonly header: ManifestHeader;
  readonly entries: ManifestEntry[];
  /** Plaintext by original name. */
  readonly files: Map<string, Buffer>;
  /** Keys of S3D, without bucket. */
  readonly keys: string[];
}

export const manifestPlace = `${clientSettings.inputBucket}/${manifestKey(place)}`;
export const listingPlace = `${clientSettings.ancillaryBucket}/${listingKey(place)}`;

/** Reads a sealed batch back as a worker does; fails where anything does not match. */
export async function readStoredBatch({ aws, deployment }: Laptop): Promise<StoredBatch> {
  const { decrypt } = createDecryptor({
    kms: deployment.kms,
    keyArn: clientSettings.dataKeyArn,
    place,
    kind: 'input',
  });
  const open = (bytes: Buffer): Promise<Buffer> => buffer(decrypt(Readable.from([bytes])));
  const [first, ...rest] = lines(await open(aws.s3.objects.get(manifestPlace)!));
  const header = ManifestHeader.parse(first);
  const entries = rest.map((line) => ManifestEntry.parse(line));
  const [listed, ...listing] = lines(aws.s3.objects.get(listingPlace)!);
  const files = new Map<string, Buffer>();
  for (const [at, entry] of entries.entries()) {
    const ciphertext = aws.s3.objects.get(`input/${inputKey(place, entry.objectId)}`)!;
    const plaintext = await open(ciphertext);
    const digests = { sha256: sha256(ciphertext), sizeBytes: ciphertext.length };
    const { objectId } = entry;
    same(ListingEntry.parse(listing[at]), { objectId, ...digests });
    same(entry.ciphertextSha256, digests.sha256);
    same(entry.sha256, sha256(plaintext));
    same(entry.sizeBytes, plaintext.length);
    files.set(entry.name, plaintext);
  }
  same(ManifestHeader.parse(listed), header);
  same(header.objects, entries.length);
  same(
    entries.map(({ objectId }) => objectId),
    entries.map(({ objectId }) => objectId).toSorted(),
  );
  const keys = [...aws.s3.objects.keys()].filter((key) => key.startsWith('input/'));
  same(keys.length, entries.length + 1);
  return { header, entries, files, keys };
}

function lines(bytes: Buffer): unknown[] {
  return bytes
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

function same(actual: unknown, expected: unknown): void {
  const [one, two] = [actual, expected].map((value) =>
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort())
        : inner,
    ),
  );
  if (one !== two) throw new Error(`stored batch: ${one ?? ''} is not ${two ?? ''}`);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
