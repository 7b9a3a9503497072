import { createHash } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { composeBundle } from '../../audit/bundle/compose-bundle.ts';
import type { EvidenceSigner } from '../../audit/bundle/signer.ts';
import { zipBundle } from '../../audit/bundle/zip-bundle.ts';
import { readRunEvidence } from '../../audit/read-run-record.ts';
import type { RunRecord } from '../../audit/run-record.ts';
import { noteEvidence } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';
import { BatchId } from '../../workflow/model/code.ts';
import { AwsUnavailableError } from '../../workflow/model/errors.ts';
import { evidenceKey } from '../../workflow/model/keys.ts';

/** The run whose evidence is asked for, whether or not it opened a batch. */
export const WriteEvidenceInput = z.strictObject({
  executionArn: z.string().min(1),
  /** How often the execution had been redriven when it ended; absent for its last end. */
  redrive: z.int().min(0).optional(),
});
export type WriteEvidenceInput = z.infer<typeof WriteEvidenceInput>;

export const WriteEvidenceOutput = z.strictObject({
  batchId: BatchId.optional(),
  executionHash: z.string(),
  redrive: z.int().min(0),
  /**
   * `exists`: an earlier call has written it. `running`: the execution has not ended. `redriven`: it
   * was redriven since, and the evidence of the run after tells of this one, too.
   */
  outcome: z.enum(['written', 'exists', 'running', 'redriven']),
  sizeBytes: z.int().min(0).optional(),
});
export type WriteEvidenceOutput = z.infer<typeof WriteEvidenceOutput>;

export interface WriteEvidenceDeps {
  readonly sfn: SFNClient;
  readonly s3: S3Client;
  readonly ledger: LedgerTable;
  readonly signer: EvidenceSigner;
  readonly study: string;
  /** S3L. */
  readonly bucket: string;
  readonly now: () => Date;
}

/**
 * Writes the signed evidence of a run to S3L, where its lock keeps it, and notes it on the batch.
 *
 * Idempotent: the key is the run's, and S3 takes it once (`If-None-Match`); a later call finds it
 * there, composes in vain, and only makes up for a note that was not made. It is the last to happen
 * for a run, so what it reads does not change any more. An execution that runs is let be, and so is
 * a run that was redriven since: the event of the next end asks for that one, whose record has both.
 *
 * The access log is not among it: CloudTrail tells up to a quarter of an hour later.
 *
 * @throws AwsUnavailableError where Step Functions does not tell the whole of the run yet. Lambda
 *   calls again.
 */
export async function writeEvidence(
  { executionArn, redrive: asked }: WriteEvidenceInput,
  deps: WriteEvidenceDeps,
): Promise<WriteEvidenceOutput> {
  const { sfn, ledger, signer, study, now } = deps;
  const evidence = await readRunEvidence({ study, sfn, ledger }, executionArn);
  const { execution, request } = evidence.record;
  const { batchId } = request;
  const redrive = asked ?? execution.redrives;
  const about = { batchId, executionHash: execution.hash, redrive };
  if (execution.redrives > redrive) return { ...about, outcome: 'redriven' };
  if (execution.status === 'RUNNING') return { ...about, outcome: 'running' };
  requireWhole(evidence.record, redrive);

  const bundle = await composeBundle(evidence, { signer, writtenBy: 'lifecycle', now: now() });
  const zip = zipBundle(bundle);
  const key = evidenceKey({ study, ...about });
  const isNew = await putOnce(key, zip, deps);
  const written = isNew && {
    sizeBytes: zip.length,
    sha256: createHash('sha256').update(zip).digest('hex'),
  };
  if (batchId !== undefined) {
    await noteEvidence(ledger, { batchId, executionArn, redrive }, { key, ...written }, now());
  }
  return { ...about, outcome: isNew ? 'written' : 'exists', sizeBytes: zip.length };
}

/** What Step Functions answers may be some moments old, and evidence is written but once. */
function requireWhole({ execution, runs }: RunRecord, redrive: number): void {
  if (execution.redrives < redrive || runs.at(-1)?.ended === undefined) {
    throw new AwsUnavailableError('Step Functions does not tell the end of the run yet');
  }
}

/** Answers false where there is such an object already. */
async function putOnce(
  key: string,
  zip: Uint8Array,
  { s3, bucket }: WriteEvidenceDeps,
): Promise<boolean> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: zip,
        ContentType: 'application/zip',
        IfNoneMatch: '*',
      }),
    );
    return true;
  } catch (error) {
    if (isAwsError(error, new Set(['PreconditionFailed']))) return false;
    if (isAwsError(error, new Set(['ConditionalRequestConflict']))) {
      throw new AwsUnavailableError('another call writes the same evidence', { cause: error });
    }
    throw error;
  }
}
