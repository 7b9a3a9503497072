import * as z from 'zod';
import { BatchId, ObjectId, Study } from './code.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 in hex' });
const bytes = z.int().min(0);

/** First line of a listing and of a manifest: both are JSON lines, entries sorted by object id. */
export const ManifestHeader = z.strictObject({
  version: z.literal(1),
  study: Study,
  batchId: BatchId,
  objects: z.int().min(0),
});
export type ManifestHeader = z.infer<typeof ManifestHeader>;

/** A listing's line, in S3A: what orchestration may know of an object. No PHI. */
export const ListingEntry = z.strictObject({
  objectId: ObjectId,
  /** Size of the ciphertext in bytes. */
  sizeBytes: bytes,
  /** Digest of the ciphertext. */
  sha256,
});
export type ListingEntry = z.infer<typeof ListingEntry>;

/**
 * An encrypted manifest's line, in S3D: what the worker and the researcher may know of an object.
 *
 * It is PHI (the original name may tell a name): it is decrypted on a worker only.
 */
export const ManifestEntry = z.strictObject({
  objectId: ObjectId,
  /** The file's name where it came from, without its folder. */
  name: z.string().min(1).max(1024),
  mediaType: z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/),
  /** Size of the plaintext in bytes. */
  sizeBytes: bytes,
  /** Digest of the plaintext. */
  sha256,
  ciphertextBytes: bytes,
  ciphertextSha256: sha256,
});
export type ManifestEntry = z.infer<typeof ManifestEntry>;

/** A message of the batch's queue: one object to process. */
export const ObjectMessage = z.strictObject({
  version: z.literal(1),
  batchId: BatchId,
  objectId: ObjectId,
});
export type ObjectMessage = z.infer<typeof ObjectMessage>;
