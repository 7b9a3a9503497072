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

/** A pipeline's own word for what is wrong with an object, e.g. `BAD_HEADER`. */
export const PipelineReason = z.string().regex(/^[A-Z_]{3,40}$/);

/**
 * Who works on an object. A later delivery of the same queue message (a higher `receiveCount`)
 * takes the object over: the lock needs no clock, and a slow worker's late write is refused.
 */
export const Claim = z.strictObject({
  claimId: z.string().min(1),
  executionArn: z.string().min(1),
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
  claim: Claim.optional(),
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
  openedAt: z.string().optional(),
  closedAt: z.string().optional(),
  /** The one execution that runs, or ran, this batch. */
  executionArn: z.string().optional(),
  pipeline: z.string().optional(),
  /** Objects in the listing. */
  objects: z.int().min(0).optional(),
  result: StoredResult.optional(),
  /** Error code, where it FAILED. */
  reason: z.string().optional(),
});
export type BatchItem = z.infer<typeof BatchItem>;

/** How many objects of a batch are in which state. */
export type ObjectCounts = Readonly<Record<ObjectState, number>>;
