import { ApiError } from '../../api.ts';
import type { Blob, BlobStore } from './blob-store.ts';
import type { Bucket, KeyWatch } from './bucket.ts';
import type { CreationReason } from './object-events.ts';
import { requireWritable, type WritePrecondition } from './preconditions.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { NewObject, StoredObject, Version } from './stored-object.ts';

/** Where an object goes, and on what that depends. */
export interface Placement {
  readonly bucket: Bucket;
  readonly key: string;
  readonly precondition: WritePrecondition;
  readonly reason: CreationReason;
}

/**
 * Publishes an object, if its precondition still holds, in one synchronous step: of writers that
 * race for one key under `If-None-Match: *` exactly one gets here first.
 *
 * @throws ApiError PreconditionFailed, or ConditionalRequestConflict when the key was deleted while
 *   the write was under way; nothing has changed then.
 */
export function commitObject(
  { cloud, call }: S3Exchange,
  { bucket, key, precondition, reason }: Placement,
  watch: KeyWatch,
  object: NewObject,
): { readonly stored: StoredObject; readonly replaced?: Version } {
  if (precondition.kind !== 'none' && watch.disturbed) {
    throw new ApiError(
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
      409,
      { Condition: precondition.kind === 'absent' ? 'If-None-Match' : 'If-Match', Key: key },
    );
  }
  requireWritable(bucket, key, precondition);
  const committed = bucket.put(key, object, call.time);
  cloud.events.created(call, bucket, committed.stored, reason);
  return committed;
}

/** Deletes the bytes of a version that is gone. */
export async function discard(blobs: BlobStore, version: Version | undefined): Promise<void> {
  if (version?.kind === 'object') await blobs.release(version.blob);
}

/** Does something with a blob, and deletes the blob if it fails. */
async function releasing<T>(blobs: BlobStore, blob: Blob, use: () => T): Promise<T> {
  try {
    return use();
  } catch (error) {
    await blobs.release(blob);
    throw error;
  }
}

/**
 * Makes a blob and publishes it as an object. Whatever fails on the way, no bytes stay behind.
 *
 * @throws ApiError as {@link commitObject}
 */
export async function storeBlob(
  exchange: S3Exchange,
  placement: Placement,
  makeBlob: () => Promise<Blob>,
  describe: (blob: Blob) => NewObject,
): Promise<StoredObject> {
  const watch = placement.bucket.watch(placement.key);
  try {
    requireWritable(placement.bucket, placement.key, placement.precondition);
    const { blobs } = exchange.cloud;
    const blob = await makeBlob();
    const committed = await releasing(blobs, blob, () =>
      commitObject(exchange, placement, watch, describe(blob)),
    );
    await discard(blobs, committed.replaced);
    return committed.stored;
  } finally {
    watch.end();
  }
}
