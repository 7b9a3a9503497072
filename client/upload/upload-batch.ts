import { rm } from 'node:fs/promises';
import { createEncryptor } from '../../envelope/encryptor.ts';
import { getBatch } from '../../ledger/batches.ts';
import type { Deployment } from '../deployment.ts';
import { BatchUnusableError } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { Journal } from './journal.ts';
import { UploadProgress } from './progress.ts';
import type { SourceFile } from './scan-files.ts';
import { sealBatch } from './seal-batch.ts';
import { Sending } from './sending.ts';
import { uploadObjects } from './upload-objects.ts';
import { warnOfNames } from './warn-of-names.ts';

/** What to upload, and how. */
export interface UploadOptions {
  readonly batchId: string;
  readonly files: readonly SourceFile[];
  /** Files encrypted, and requests sent, at once. */
  readonly parallel: number;
  /** Takes two files of the same content; else the batch is not sealed. */
  readonly allowDuplicates: boolean;
  readonly signal: AbortSignal;
  /**
   * Milliseconds before a failed request is sent again; doubled each time.
   * @default 1000
   */
  readonly pauseMs?: number;
}

/** What an upload did. */
export interface UploadResult {
  readonly batchId: string;
  readonly objects: number;
  /** Objects among them that an earlier, interrupted run had stored. */
  readonly resumed: number;
  readonly plaintextBytes: number;
  readonly ciphertextBytes: number;
  readonly seconds: number;
}

/**
 * Encrypts and stores the files of a batch, then seals it.
 *
 * The same call again, after an interruption, sends what is not stored yet: what is stored stands
 * in a journal on this machine, and nothing is ever read back from the bucket.
 *
 * @throws UserError where the batch is sealed, or another machine's, or a file changed or is
 * another's double: then nothing is sealed.
 */
export async function uploadBatch(
  deployment: Deployment,
  options: UploadOptions,
  output: Output,
): Promise<UploadResult> {
  const { batchId, files, signal } = options;
  const { settings, kms, s3 } = deployment;
  const started = performance.now();
  const journal = new Journal(settings.study, batchId);
  try {
    await refuseTaken(deployment, batchId, journal);
    refuseOtherFiles(journal, files);
    warnOfNames(files, output);
    const place = { study: settings.study, batchId };
    const encryptor = createEncryptor({ kms, keyArn: settings.dataKeyArn, place, kind: 'input' });
    const shared = { place, journal, encryptor, signal, sending: new Sending(s3, options) };
    const { entries, resumed } = await uploadObjects({
      ...shared,
      ...options,
      bucket: settings.inputBucket,
      progress: new UploadProgress(files, output),
    });
    await sealBatch({ ...shared, ...settings, entries });
    await rm(journal.spoolDirectory, { recursive: true, force: true });
    return {
      batchId,
      objects: entries.length,
      resumed,
      plaintextBytes: entries.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
      ciphertextBytes: entries.reduce((total, { ciphertextBytes }) => total + ciphertextBytes, 0),
      seconds: Math.round(performance.now() - started) / 1000,
    };
  } finally {
    journal.close();
  }
}

/**
 * Refuses a batch that is sealed, and one that another machine began: what it sent is in no journal
 * here, and would be in the batch without being in its manifest.
 *
 * The ledger hears of objects some seconds late, so it cannot tell everything; the listing and the
 * manifest, which cannot be overwritten, tell the rest.
 */
async function refuseTaken(
  { ledger }: Deployment,
  batchId: string,
  journal: Journal,
): Promise<void> {
  if (journal.sealed) throw sealedAlready();
  const batch = await getBatch(ledger, batchId);
  if (batch === undefined) return;
  if (journal.isFresh && batch.state === 'UPLOADING') {
    throw new BatchUnusableError(
      'another machine, or another CZAR_STATE, began to upload this batch: go on there, or leave --batch out to get a new one',
    );
  }
  // With a manifest spooled here, it may be this upload that sealed the batch.
  if (batch.state !== 'UPLOADING' && journal.manifest === undefined) throw sealedAlready();
}

function sealedAlready(): BatchUnusableError {
  return new BatchUnusableError(
    'the batch is sealed already, and nothing can be added to it: leave --batch out to get a new one',
  );
}

/** A batch's set of objects may not change between two runs: what is stored cannot be taken back. */
function refuseOtherFiles(journal: Journal, files: readonly SourceFile[]): void {
  const known = files.map((file) => journal.find(file)?.entry.objectId);
  const missing = journal.sentIds().difference(new Set(known)).size;
  if (missing > 0) {
    throw new BatchUnusableError(
      `${missing} objects of this batch were sent from files that are missing now or have changed since: upload to a new batch`,
    );
  }
  if (journal.listed && known.includes(undefined)) {
    throw new BatchUnusableError(
      'the batch was being sealed without some of these files: give the same ones, or upload to a new batch',
    );
  }
}
