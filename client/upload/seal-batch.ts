import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Digest } from '../../envelope/digest-stream.ts';
import type { Encryptor } from '../../envelope/encryptor.ts';
import { type BatchPlace, listingKey, manifestKey } from '../../workflow/model/keys.ts';
import type { ListingEntry, ManifestEntry, ManifestHeader } from '../../workflow/model/manifest.ts';
import { BatchUnusableError } from '../exit-codes.ts';
import type { Journal } from './journal.ts';
import { putObject } from './put-object.ts';
import type { Sending } from './sending.ts';
import { spool } from './spool.ts';
import { requireSpooled } from './spooled-file.ts';

/** What the seal of a batch needs. */
export interface Seal {
  readonly place: BatchPlace;
  readonly inputBucket: string;
  readonly ancillaryBucket: string;
  /** Sorted by object id. */
  readonly entries: readonly ManifestEntry[];
  readonly journal: Journal;
  readonly encryptor: Encryptor;
  readonly sending: Sending;
  readonly signal: AbortSignal;
}

/**
 * Seals a batch: stores its listing, then, as the last object of all, its encrypted manifest.
 *
 * Both are noted before they are sent: only who may have sent them takes "exists already" for
 * success.
 *
 * @throws BatchUnusableError where somebody else sealed the batch first.
 */
export async function sealBatch(seal: Seal): Promise<void> {
  await storeListing(seal);
  await storeManifest(seal);
  seal.journal.append({ step: 'sealed' });
}

async function storeListing(seal: Seal): Promise<void> {
  const { place, ancillaryBucket: bucket, entries, journal, sending, signal } = seal;
  const path = join(journal.spoolDirectory, 'listing');
  const text = [...jsonLines(headerOf(seal), entries.map(listingEntry))].join('');
  await writeFile(path, text, { mode: 0o600 });
  const mayBeOurs = journal.listed;
  if (!mayBeOurs) journal.append({ step: 'listed' });
  const sizeBytes = Buffer.byteLength(text);
  const key = listingKey(place);
  const outcome = await putObject(sending, { bucket, key, path, sizeBytes, signal });
  if (outcome === 'taken' && !mayBeOurs) throw sealedByOthers();
}

async function storeManifest(seal: Seal): Promise<void> {
  const { place, inputBucket: bucket, journal, sending, signal } = seal;
  const path = join(journal.spoolDirectory, 'manifest');
  const earlier = journal.manifest;
  if (earlier !== undefined) await requireSpooled(path, earlier, signal);
  const { sizeBytes } = earlier ?? (await spoolManifest(seal, path));
  const key = manifestKey(place);
  const outcome = await putObject(sending, { bucket, key, path, sizeBytes, signal });
  if (outcome === 'taken' && earlier === undefined) throw sealedByOthers();
}

async function spoolManifest(seal: Seal, path: string): Promise<Digest> {
  const { entries, journal, encryptor, signal } = seal;
  const lines = () => jsonLines(headerOf(seal), entries).map((line) => Buffer.from(line));
  const mostBytes = lines().reduce((total, { length }) => total + length, 0);
  const { ciphertext } = await spool(Readable.from(lines()), {
    mostBytes,
    path,
    encryptor,
    signal,
  });
  journal.append({ step: 'manifest', ciphertext });
  return ciphertext;
}

function headerOf({ place, entries }: Seal): ManifestHeader {
  return { version: 1, study: place.study, batchId: place.batchId, objects: entries.length };
}

function listingEntry(entry: ManifestEntry): ListingEntry {
  const { objectId, ciphertextBytes, ciphertextSha256 } = entry;
  return { objectId, sizeBytes: ciphertextBytes, sha256: ciphertextSha256 };
}

function* jsonLines(header: ManifestHeader, entries: Iterable<object>): Generator<string> {
  yield `${JSON.stringify(header)}\n`;
  for (const entry of entries) yield `${JSON.stringify(entry)}\n`;
}

function sealedByOthers(): BatchUnusableError {
  return new BatchUnusableError('the batch was sealed by another upload: upload to a new batch');
}
