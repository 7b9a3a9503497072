import { randomBytes } from 'node:crypto';
import { ApiError } from '../../api.ts';
import type { Blob } from './blob-store.ts';
import type { Bucket } from './bucket.ts';
import type { Checksum, ChecksumAlgorithm } from './checksum.ts';
import { compareKeys } from './key-order.ts';
import type { ObjectEncryption } from './object-encryption.ts';
import type { ObjectLock } from './object-lock.ts';
import type { StoredObject } from './stored-object.ts';

/** A part that has arrived in full. */
export interface Part {
  readonly number: number;
  readonly md5: Buffer;
  readonly checksum?: Checksum;
  readonly blob: Blob;
  readonly lastModified: Date;
}

/** A multipart upload that was neither completed nor aborted. */
export interface Upload {
  readonly uploadId: string;
  readonly bucket: Bucket;
  readonly key: string;
  readonly initiatedAt: Date;
  readonly initiator: string;
  readonly description: Pick<StoredObject, 'headers' | 'metadata'>;
  readonly encryption: ObjectEncryption;
  readonly lock: ObjectLock;
  readonly algorithm?: ChecksumAlgorithm;
  readonly parts: Map<number, Part>;
}

/** The multipart uploads under way, of all buckets. */
export class UploadList {
  readonly #uploads = new Map<string, Upload>();

  create(properties: Omit<Upload, 'uploadId' | 'parts'>): Upload {
    const upload = {
      ...properties,
      uploadId: randomBytes(32).toString('base64url'),
      parts: new Map<number, Part>(),
    };
    this.#uploads.set(upload.uploadId, upload);
    return upload;
  }

  /** @throws ApiError NoSuchUpload, also for the upload of another object. */
  get(bucket: Bucket, key: string, uploadId: string): Upload {
    const upload = this.#uploads.get(uploadId);
    if (upload?.bucket !== bucket || upload.key !== key) {
      throw new ApiError(
        'NoSuchUpload',
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
        404,
        { UploadId: uploadId },
      );
    }
    return upload;
  }

  isOpen(upload: Upload): boolean {
    return this.#uploads.has(upload.uploadId);
  }

  end(upload: Upload): void {
    this.#uploads.delete(upload.uploadId);
  }

  /** The uploads of a bucket by key, and by their beginning where keys are equal. */
  of(bucket: Bucket): readonly Upload[] {
    return [...this.#uploads.values()]
      .filter((upload) => upload.bucket === bucket)
      .sort((left, right) => compareKeys(left.key, right.key));
  }
}
