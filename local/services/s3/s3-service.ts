import { join } from 'node:path';
import type { ApiRequest, ApiResponse, Call, EventBus, Service, Surroundings } from '../../api.ts';
import type { ContextualStorageKeys } from '../kms/storage-keys.ts';
import { BlobStore } from './blob-store.ts';
import { BucketList } from './bucket-list.ts';
import { bucketOperations } from './bucket-operations.ts';
import { bucketResourceHandlers } from './bucket-resources.ts';
import { discard } from './commit-object.ts';
import { completeUploadOperation } from './complete-multipart-upload.ts';
import { copyObjectOperation } from './copy-object.ts';
import { deleteOperations } from './delete-objects.ts';
import { readOperations } from './get-object.ts';
import { listObjectsOperation } from './list-objects.ts';
import { listUploadOperations } from './list-uploads.ts';
import { listVersionsOperation } from './list-versions.ts';
import { lockOperations } from './lock-operations.ts';
import { uploadOperations } from './multipart-upload.ts';
import { ObjectEvents } from './object-events.ts';
import { findOperation, recordOperation, refuseUnsupported, type Operation } from './operation.ts';
import { putObjectOperation } from './put-object.ts';
import type { S3Cloud } from './s3-cloud.ts';
import { readRequest } from './s3-request.ts';
import { UploadList } from './upload-list.ts';

/** Those that a selector tells apart come before those that take what is left. */
const operations: readonly Operation[] = [
  ...bucketOperations,
  listObjectsOperation,
  listVersionsOperation,
  ...listUploadOperations,
  ...lockOperations,
  ...uploadOperations,
  completeUploadOperation,
  ...deleteOperations,
  copyObjectOperation,
  putObjectOperation,
  ...readOperations,
];

/** Puts files of the cloud assembly where CDK's bootstrap would have. */
interface AssetStore {
  /**
   * Makes a file an object without copying it: a hard link, or a symbolic one to another file
   * system. Makes the bucket, too, if there is none of that name. No event tells of it.
   */
  seedAsset(bucket: string, key: string, path: string): Promise<void>;
}

const assetBucketSettings = {
  encryption: { algorithm: 'AES256', bucketKey: false },
  objectLock: false,
  eventBridge: false,
} as const;

async function seed(
  { buckets, blobs, surroundings }: S3Cloud,
  bucketName: string,
  key: string,
  path: string,
): Promise<void> {
  const bucket = buckets.find(bucketName) ?? buckets.create(bucketName, assetBucketSettings, {});
  const blob = await blobs.adopt(path);
  const { replaced } = bucket.put(
    key,
    {
      blob,
      // The key of an asset is its digest: as good an ETag as one that would take reading it.
      etag: Buffer.from(key).toString('hex').slice(0, 32).padEnd(32, '0'),
      headers: { 'content-type': 'application/octet-stream' },
      metadata: {},
      encryption: { algorithm: 'AES256' },
      legalHold: false,
    },
    surroundings.clock.now(),
  );
  await discard(blobs, replaced);
}

/**
 * The stand-in for Amazon S3, path-style, with real bytes on disk and constant memory.
 *
 * Bodies lie in a folder of their own as they were sent, everything else in memory; both end with
 * {@link Service.stop}, and a folder left by a process that was killed is wiped when the next one
 * starts. SSE-KMS is a question to the policies, not an encryption: what must be unreadable on
 * disk is encrypted by its sender. What is not supported is refused by name: ACLs, other storage
 * classes, tagging of objects, CRC64NVME, UploadPartCopy, GetObject by part number, ListObjects of
 * the first version, anonymous callers.
 */
export function createS3Service(
  surroundings: Surroundings,
  storageKeys: ContextualStorageKeys,
  bus: EventBus,
): Service & AssetStore {
  const cloud: S3Cloud = {
    surroundings,
    buckets: new BucketList(surroundings),
    uploads: new UploadList(),
    blobs: new BlobStore(join(surroundings.directory, 's3')),
    storageKeys,
    events: new ObjectEvents(bus),
  };

  return {
    signingName: 's3',
    protocol: 'rest-xml',
    resources: bucketResourceHandlers(surroundings, cloud.buckets),

    async handle(apiRequest: ApiRequest, call: Call): Promise<ApiResponse> {
      try {
        const request = readRequest(apiRequest);
        const operation = findOperation(operations, request);
        recordOperation(operation, request, call);
        refuseUnsupported(operation, request);
        return await operation.run({ cloud, request, call });
      } catch (error) {
        // The client reads the error once it has sent everything: what is left is read, not kept.
        apiRequest.body.on('error', () => undefined).resume();
        throw error;
      }
    },

    seedAsset: (bucket, key, path) => seed(cloud, bucket, key, path),

    stop() {
      cloud.blobs.wipe();
      return Promise.resolve();
    },
  };
}
