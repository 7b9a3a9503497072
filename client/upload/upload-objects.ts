import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encryptor } from '../../envelope/encryptor.ts';
import { mintCode, objectIdLength } from '../../workflow/model/code.ts';
import { type BatchPlace, inputKey } from '../../workflow/model/keys.ts';
import type { ManifestEntry } from '../../workflow/model/manifest.ts';
import { Duplicates } from './duplicates.ts';
import type { Journal } from './journal.ts';
import type { JournalEntry } from './journal-lines.ts';
import type { ObjectMeter, UploadProgress } from './progress.ts';
import { putObject } from './put-object.ts';
import type { SourceFile } from './scan-files.ts';
import type { Sending } from './sending.ts';
import { spoolFile } from './spool.ts';
import { requireSpooled } from './spooled-file.ts';

/** What the upload of a batch's objects needs. */
export interface ObjectUpload {
  readonly place: BatchPlace;
  readonly bucket: string;
  readonly files: readonly SourceFile[];
  /** Files encrypted, and requests sent, at once. */
  readonly parallel: number;
  readonly allowDuplicates: boolean;
  readonly journal: Journal;
  readonly encryptor: Encryptor;
  readonly sending: Sending;
  readonly progress: UploadProgress;
  readonly signal: AbortSignal;
}

/** The entries of a batch's manifest, sorted by object id, and how many of them an earlier run stored. */
export interface UploadedObjects {
  readonly entries: readonly ManifestEntry[];
  readonly resumed: number;
}

/**
 * Encrypts and stores a batch's files, several at a time; what the journal has as stored is not
 * sent again.
 *
 * The first failure stops the others, and is thrown when they have stopped.
 *
 * @throws UserError where two files have the same content, and that was not allowed.
 */
export async function uploadObjects(upload: ObjectUpload): Promise<UploadedObjects> {
  const { files, parallel, progress, signal } = upload;
  const duplicates = new Duplicates(upload);
  const waiting = files.values();
  const entries: ManifestEntry[] = [];
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  let resumed = 0;
  const lane = async (): Promise<void> => {
    for (const file of waiting) {
      stop.throwIfAborted();
      const known = upload.journal.find(file);
      if (known?.stored === true) resumed += 1;
      const entry = await uploadFile({ ...upload, signal: stop }, file, duplicates);
      if (entry !== undefined) {
        entries.push({ ...entry, name: file.name, mediaType: file.mediaType });
      }
    }
  };
  const lanes = Array.from({ length: Math.min(parallel, files.length) }, () =>
    lane().catch((error: unknown) => failed.abort(error)),
  );
  await Promise.all(lanes);
  progress.end();
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
  duplicates.refuse();
  entries.sort((a, b) => (a.objectId < b.objectId ? -1 : 1));
  return { entries, resumed };
}

/** Stores one file; undefined where it is another's double. */
async function uploadFile(
  upload: ObjectUpload,
  file: SourceFile,
  duplicates: Duplicates,
): Promise<JournalEntry | undefined> {
  const { journal, progress, bucket, place, sending, signal } = upload;
  const meter = progress.meter(file);
  const known = journal.find(file);
  if (known?.stored === true) {
    meter.stored();
    return known.entry;
  }
  const entry = known?.entry ?? (await spoolObject(upload, file, duplicates, meter));
  if (entry === undefined) return undefined;
  const { objectId, ciphertextBytes, ciphertextSha256 } = entry;
  const path = join(journal.spoolDirectory, objectId);
  const ciphertext = { sizeBytes: ciphertextBytes, sha256: ciphertextSha256 };
  if (known !== undefined) await requireSpooled(path, ciphertext, signal);
  await putObject(sending, {
    bucket,
    key: inputKey(place, objectId),
    path,
    sizeBytes: ciphertextBytes,
    signal,
    log: {
      partial: () => journal.partialUpload(objectId),
      begin: (uploadId, partBytes) =>
        journal.append({ step: 'parts', objectId, uploadId, partBytes }),
      stored: (part) => journal.append({ step: 'part', objectId, part }),
    },
    onSent: meter.sent,
  });
  journal.append({ step: 'stored', objectId });
  meter.stored();
  await rm(path, { force: true });
  return entry;
}

async function spoolObject(
  { journal, encryptor, signal }: ObjectUpload,
  file: SourceFile,
  duplicates: Duplicates,
  meter: ObjectMeter,
): Promise<JournalEntry | undefined> {
  const objectId = mintCode(objectIdLength, () => randomBytes(1).readUInt8());
  const path = join(journal.spoolDirectory, objectId);
  const onBytes = meter.read;
  const { plaintext, ciphertext } = await spoolFile(file, { path, encryptor, signal, onBytes });
  if (duplicates.isDouble(file, plaintext.sha256)) {
    await rm(path, { force: true });
    return undefined;
  }
  const entry = {
    objectId,
    sizeBytes: plaintext.sizeBytes,
    sha256: plaintext.sha256,
    ciphertextBytes: ciphertext.sizeBytes,
    ciphertextSha256: ciphertext.sha256,
  };
  journal.spooled(file, entry);
  return entry;
}
