import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { CiphertextError } from '../envelope/ciphertext-error.ts';
import type { Decryptor } from '../envelope/decryptor.ts';
import { ManifestMismatchError } from '../workflow/model/errors.ts';
import { type BatchPlace, manifestKey } from '../workflow/model/keys.ts';
import type { ManifestEntry } from '../workflow/model/manifest.ts';
import { isMissing } from './fetch-object.ts';
import { checkManifest, longestLine, readEntry, readLines } from './manifest-lines.ts';

/** A batch's manifest, decrypted on the scratch volume. */
export interface ManifestIndex {
  /** Finds the entry of an object: some twenty short reads for a million entries, and no memory. */
  find(objectId: string): Promise<ManifestEntry | undefined>;
  /** All entries in their order. */
  entries(): AsyncGenerator<ManifestEntry, void>;
  close(): Promise<void>;
}

/**
 * Fetches and decrypts a batch's manifest into a file, checking every line on the way.
 *
 * The file keeps the manifest's own lines, sorted by object id, so that an entry is found by
 * halving: constant memory for any number of entries.
 *
 * @throws ManifestMismatchError where it is missing, damaged, not sorted, or of another batch
 */
export async function openManifest(
  { s3, bucket }: { readonly s3: S3Client; readonly bucket: string },
  place: BatchPlace,
  { decrypt }: Decryptor,
  path: string,
  signal: AbortSignal,
): Promise<ManifestIndex> {
  try {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: manifestKey(place) }),
      { abortSignal: signal },
    );
    if (!(Body instanceof Readable)) throw new Error('S3 answered without a body.');
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(Body, decrypt, (bytes) => checkManifest(bytes, place), file, { signal });
  } catch (error) {
    if (isMissing(error)) {
      throw new ManifestMismatchError('the batch has no manifest', { cause: error });
    }
    if (error instanceof CiphertextError) {
      throw new ManifestMismatchError(`the manifest cannot be decrypted: ${error.reason}`, {
        cause: error,
      });
    }
    throw error;
  }
  const handle = await open(path);
  const { size } = await handle.stat();
  return {
    find: (objectId) => findEntry(handle, size, objectId),
    entries: () => readEntries(path),
    close: () => handle.close(),
  };
}

async function* readEntries(path: string): AsyncGenerator<ManifestEntry, void> {
  for await (const line of readLines(createReadStream(path))) yield readEntry(line);
}

/**
 * Halves the file by byte offset.
 *
 * A line that begins before `low` is of a smaller id, one that begins at `high` or later of a
 * greater; `low` is always where a line begins.
 */
async function findEntry(
  file: FileHandle,
  size: number,
  objectId: string,
): Promise<ManifestEntry | undefined> {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { start, line } = await lineFrom(file, middle === low ? low : undefined, middle);
    if (start >= high) {
      high = middle;
      continue;
    }
    const entry = readEntry(line);
    if (entry.objectId === objectId) return entry;
    if (entry.objectId < objectId) low = start + line.length + 1;
    else high = start;
  }
  return undefined;
}

/** Reads the first line that begins at `middle` or later; `known` says where, if that is known. */
async function lineFrom(
  file: FileHandle,
  known: number | undefined,
  middle: number,
): Promise<{ readonly start: number; readonly line: Buffer }> {
  // From the byte before, which is a line's end where a line begins at the middle itself.
  const from = known ?? middle - 1;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2 * longestLine), 0, undefined, from);
  const bytes = buffer.subarray(0, bytesRead);
  const begin = known === undefined ? bytes.indexOf('\n') + 1 : 0;
  return { start: from + begin, line: bytes.subarray(begin, bytes.indexOf('\n', begin)) };
}
