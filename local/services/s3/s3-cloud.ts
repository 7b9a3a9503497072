import type { Call, Surroundings } from '../../api.ts';
import type { ContextualStorageKeys } from '../kms/storage-keys.ts';
import type { BlobStore } from './blob-store.ts';
import type { BucketList } from './bucket-list.ts';
import type { ObjectEvents } from './object-events.ts';
import type { S3Request } from './s3-request.ts';
import type { UploadList } from './upload-list.ts';

/** What the operations of S3 share. */
export interface S3Cloud {
  readonly surroundings: Surroundings;
  readonly buckets: BucketList;
  readonly uploads: UploadList;
  readonly blobs: BlobStore;
  readonly storageKeys: ContextualStorageKeys;
  readonly events: ObjectEvents;
}

/** One call of S3 with everything to answer it. */
export interface S3Exchange {
  readonly cloud: S3Cloud;
  readonly request: S3Request;
  readonly call: Call;
}
