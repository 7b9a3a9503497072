import { ApiError, type ApiResponse } from '../../api.ts';
import { checksumElement } from './checksum.ts';
import { storeBlob } from './commit-object.ts';
import { readableObject } from './get-object.ts';
import {
  decryptFor,
  encryptFor,
  encryptionConditions,
  encryptionHeaders,
  requestedEncryption,
} from './object-encryption.ts';
import { checkObjectSettings, descriptionHeaders, readDescription } from './object-headers.ts';
import { lockHeaders, requestedLock } from './object-lock.ts';
import type { Operation } from './operation.ts';
import {
  requireWritable,
  writeConditionHeaders,
  writeConditionKeys,
  writePrecondition,
} from './preconditions.ts';
import { creationHeaders } from './put-object.ts';
import { authorizeObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import { readPath } from './s3-request.ts';
import { writeXml } from './xml.ts';

const SOURCE = 'x-amz-copy-source';
const DIRECTIVE = 'x-amz-metadata-directive';

interface CopySource {
  readonly bucketName: string;
  readonly key: string;
  readonly versionId?: string;
}

function copySource(header: string): CopySource {
  const [path = '', versionId] = header.split('?versionId=');
  const source = readPath(path);
  if (source.bucketName === '' || source.key === '') {
    throw new ApiError(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  }
  return { ...source, versionId };
}

/** @throws ApiError InvalidArgument */
function replacesMetadata(directive: string | undefined): boolean {
  if (directive !== undefined && directive !== 'COPY' && directive !== 'REPLACE') {
    throw new ApiError('InvalidArgument', 'Unknown metadata directive.');
  }
  return directive === 'REPLACE';
}

/** The bytes are shared on disk. The copy keeps the ETag, which with AWS a multipart object's does not. */
async function copyObject(exchange: S3Exchange): Promise<ApiResponse> {
  const { cloud, request } = exchange;
  const { key } = request;
  const bucket = requestedBucket(exchange);
  const from = copySource(request.header(SOURCE) ?? '');
  const sourceBucket = cloud.buckets.get(from.bucketName);
  const source = readableObject(exchange, sourceBucket, from.key, from.versionId);
  authorizeObject(exchange, bucket, key, 'PutObject', {
    ...writeConditionKeys(request),
    ...encryptionConditions(request),
    's3:ObjectCreationOperation': true,
    's3:x-amz-acl': request.header('x-amz-acl'),
    's3:x-amz-copy-source': `${from.bucketName}/${from.key}`,
    's3:x-amz-metadata-directive': request.header(DIRECTIVE),
    's3:x-amz-storage-class': request.header('x-amz-storage-class'),
  });
  checkObjectSettings(request);
  const isReplacing = replacesMetadata(request.header(DIRECTIVE));
  if (bucket.current(key) === source && !isReplacing) {
    throw new ApiError(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  const precondition = writePrecondition(request);
  const lock = requestedLock(exchange, bucket, key);
  requireWritable(bucket, key, precondition);
  decryptFor(exchange, sourceBucket, from.key, source.encryption);
  const encryption = encryptFor(exchange, bucket, key, requestedEncryption(request, bucket));
  const { headers, metadata } = isReplacing ? readDescription(request) : source;
  const { etag, checksum } = source;

  const stored = await storeBlob(
    exchange,
    { bucket, key, precondition, reason: 'CopyObject' },
    () => cloud.blobs.copy(source.blob),
    (blob) => ({ ...lock, headers, metadata, etag, checksum, encryption, blob }),
  );

  return {
    status: 200,
    headers: {
      'content-type': 'application/xml',
      ...creationHeaders(stored),
      ...(source.versionId !== 'null' && { 'x-amz-copy-source-version-id': source.versionId }),
    },
    body: writeXml('CopyObjectResult', {
      LastModified: stored.lastModified.toISOString(),
      ETag: `"${stored.etag}"`,
      ...(checksum && {
        [checksumElement(checksum.algorithm)]: checksum.value,
        ChecksumType: checksum.type,
      }),
    }),
  };
}

/** Copies an object within the embedded cloud. */
export const copyObjectOperation: Operation = {
  name: 'CopyObject',
  level: 'object',
  method: 'PUT',
  selectorHeader: SOURCE,
  headers: [
    ...descriptionHeaders,
    ...encryptionHeaders,
    ...lockHeaders,
    ...writeConditionHeaders,
    DIRECTIVE,
  ],
  readOnly: false,
  dataEvent: true,
  run: copyObject,
};
