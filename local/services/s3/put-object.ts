import { ApiError, type ApiResponse } from '../../api.ts';
import { checksumHeaders } from './checksum.ts';
import { storeBlob } from './commit-object.ts';
import { bodyHeaders, readIncoming } from './incoming-body.ts';
import {
  encryptFor,
  encryptionConditions,
  encryptionHeaders,
  encryptionResponseHeaders,
  requestedEncryption,
} from './object-encryption.ts';
import {
  checkObjectSettings,
  descriptionHeaders,
  readDescription,
  versionHeader,
} from './object-headers.ts';
import { lockHeaders, requestedLock } from './object-lock.ts';
import type { Operation } from './operation.ts';
import {
  requireWritable,
  writeConditionHeaders,
  writeConditionKeys,
  writePrecondition,
} from './preconditions.ts';
import { authorizeObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { StoredObject } from './stored-object.ts';

/** What every operation answers that made an object. */
export function creationHeaders(object: StoredObject): Record<string, string> {
  return {
    ...versionHeader(object.versionId),
    ...encryptionResponseHeaders(object.encryption),
  };
}

async function putObject(exchange: S3Exchange): Promise<ApiResponse> {
  const { cloud, request } = exchange;
  const { key } = request;
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, key, 'PutObject', {
    ...writeConditionKeys(request),
    ...encryptionConditions(request),
    's3:ObjectCreationOperation': true,
    's3:x-amz-acl': request.header('x-amz-acl'),
    's3:x-amz-storage-class': request.header('x-amz-storage-class'),
  });
  checkObjectSettings(request);
  const description = readDescription(request);
  const incoming = readIncoming(request);
  const precondition = writePrecondition(request);
  const lock = requestedLock(exchange, bucket, key);
  if (lock.retention && !incoming.isProtected) {
    throw new ApiError(
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  }
  requireWritable(bucket, key, precondition);
  const encryption = encryptFor(exchange, bucket, key, requestedEncryption(request, bucket));

  const stored = await storeBlob(
    exchange,
    { bucket, key, precondition, reason: 'PutObject' },
    () => cloud.blobs.write(() => incoming.chunks()),
    (blob) => {
      const { md5, checksum } = incoming.received();
      return { ...description, ...lock, blob, checksum, encryption, etag: md5.toString('hex') };
    },
  );

  return {
    status: 200,
    headers: {
      etag: `"${stored.etag}"`,
      ...creationHeaders(stored),
      ...checksumHeaders(stored.checksum),
    },
  };
}

/** Stores an object that comes in one request. */
export const putObjectOperation: Operation = {
  name: 'PutObject',
  level: 'object',
  method: 'PUT',
  headers: [
    ...bodyHeaders,
    ...descriptionHeaders,
    ...encryptionHeaders,
    ...lockHeaders,
    ...writeConditionHeaders,
  ],
  readOnly: false,
  dataEvent: true,
  run: putObject,
};
