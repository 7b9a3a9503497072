import * as z from 'zod';
import { BatchId, ObjectId } from './code.ts';

/**
 * Why an object ended FAILED. The first group is found by Open Batch, the second by the worker on
 * the ciphertext, the third around the pipeline.
 */
export const FailureReason = z.enum([
  'NOT_IN_MANIFEST',
  'MISSING',

  'NOT_ENCRYPTED',
  'WRONG_CONTEXT',
  'TRUNCATED',
  'CORRUPT',
  'DIGEST_MISMATCH',
  'TYPE_NOT_ACCEPTED',

  'PIPELINE_REJECTED',
  'RETRIES_EXHAUSTED',
  'NOT_PROCESSED',
]);
export type FailureReason = z.infer<typeof FailureReason>;

/**
 * Whether a later run of the batch takes an object up again that failed for this reason.
 *
 * A sealed batch and its write-once bucket stay as they are, so what is wrong with a ciphertext, or
 * missing, remains so. What a pipeline made of it may change with the pipeline, or with luck.
 */
const isTakenUpAgain: Readonly<Record<FailureReason, boolean>> = {
  NOT_IN_MANIFEST: false,
  MISSING: false,
  NOT_ENCRYPTED: false,
  WRONG_CONTEXT: false,
  TRUNCATED: false,
  CORRUPT: false,
  DIGEST_MISMATCH: false,
  TYPE_NOT_ACCEPTED: true,
  PIPELINE_REJECTED: true,
  RETRIES_EXHAUSTED: true,
  NOT_PROCESSED: true,
};

/** Reasons of the failures that a later run of the batch takes up again. */
export const passingReasons: readonly FailureReason[] = FailureReason.options.filter(
  (reason) => isTakenUpAgain[reason],
);

/** A pipeline's own word for what is wrong with an object, e.g. `BAD_HEADER`. */
export const PipelineReason = z.string().regex(/^[A-Z_]{3,40}$/);

/**
 * Who works on an object. A later delivery of the same queue message (a higher `receiveCount`)
 * takes the object over: the lock needs no clock, and a slow worker's late write is refused.
 */
export const Claim = z.strictObject({
  claimId: z.string().min(1),
  executionArn: z.string().min(1),
  /** Which run of the execution. */
  redrive: z.int().min(0),
  instanceId: z.string().min(1),
  messageId: z.string().min(1),
  receiveCount: z.int().min(1),
});
export type Claim = z.infer<typeof Claim>;

/** Where a result lies and what it is: digests are of ciphertext. */
export const StoredResult = z.strictObject({
  key: z.string().min(1),
  sizeBytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type StoredResult = z.infer<typeof StoredResult>;

/**
 * The evidence of a run, as it lies in S3L. Size and digest are of the zip; absent where the call that
 * stored it came to no answer, and a later one found it there.
 */
export const StoredEvidence = z.strictObject({
  key: z.string().min(1),
  sizeBytes: z.int().min(0).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  notedAt: z.string(),
});
export type StoredEvidence = z.infer<typeof StoredEvidence>;

export const ObjectState = z.enum(['REGISTERED', 'CLAIMED', 'DONE', 'FAILED']);
export type ObjectState = z.infer<typeof ObjectState>;

/** The ledger's item of one object: opaque ids, sizes, digests of ciphertext. */
export const ObjectItem = z.strictObject({
  batchId: BatchId,
  objectId: ObjectId,
  state: ObjectState,
  /** Times are ISO 8601, UTC. */
  registeredAt: z.string(),
  /** Size of the ciphertext, from the S3 event or the listing. */
  sizeBytes: z.int().min(0),
  /** Digest of the ciphertext, from the listing. Absent until the batch opens. */
  sha256: z.string().optional(),
  /** The batch's run that entered it into its queue last, by number. */
  run: z.int().min(1).optional(),
  claim: Claim.optional(),
  /** Claims of all runs together. */
  attempts: z.int().min(0).optional(),
  result: StoredResult.optional(),
  reason: FailureReason.optional(),
  pipelineReason: PipelineReason.optional(),
  endedAt: z.string().optional(),
});
export type ObjectItem = z.infer<typeof ObjectItem>;

export const BatchState = z.enum(['UPLOADING', 'SEALED', 'OPEN', 'SUCCEEDED', 'FAILED']);
export type BatchState = z.infer<typeof BatchState>;

/** The ledger's item of one batch. */
export const BatchItem = z.strictObject({
  batchId: BatchId,
  state: BatchState,
  createdAt: z.string(),
  sealedAt: z.string().optional(),
  /** Of the last run, as are all fields down to `pipeline`. */
  openedAt: z.string().optional(),
  closedAt: z.string().optional(),
  /**
   * The execution whose request was accepted last. While it runs, no other one is: two that are
   * started at once do not both get as far as the opening.
   */
  reservedBy: z.string().optional(),
  /** The one execution that runs, or ran last, this batch. */
  executionArn: z.string().optional(),
  /** How often that execution had been redriven when it opened the batch. */
  redrive: z.int().min(0).optional(),
  /** How often it was opened, by an execution or a redrive of it; all but the first are retries. */
  runs: z.int().min(1).optional(),
  /** The execution of the run before, whose failure this one retries: the same one after a redrive. */
  retryOf: z.string().optional(),
  /** Which run of that execution. */
  retryOfRedrive: z.int().min(0).optional(),
  /** The same in every run: results of one batch are made by one pipeline. */
  pipeline: z.string().optional(),
  /** Objects in the listing. */
  objects: z.int().min(0).optional(),
  result: StoredResult.optional(),
  /** Error code, where it FAILED. */
  reason: z.string().optional(),
  /** Of the last run; absent until it is written, some seconds after that one's end. */
  evidence: StoredEvidence.optional(),
});
export type BatchItem = z.infer<typeof BatchItem>;

/** How many objects of a batch are in which state. */
export type ObjectCounts = Readonly<Record<ObjectState, number>>;
