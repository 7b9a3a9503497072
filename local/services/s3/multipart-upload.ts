import * as z from 'zod';
import { ApiError, type ApiResponse } from '../../api.ts';
import { checksumAlgorithm, checksumHeader } from './checksum.ts';
import { bodyHeaders, readIncoming } from './incoming-body.ts';
import {
  decryptFor,
  encryptFor,
  encryptionConditions,
  encryptionHeaders,
  encryptionResponseHeaders,
  requestedEncryption,
} from './object-encryption.ts';
import { checkObjectSettings, descriptionHeaders, readDescription } from './object-headers.ts';
import { lockHeaders, requestedLock } from './object-lock.ts';
import type { Operation } from './operation.ts';
import { authorizeObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import { writeXml } from './xml.ts';

const MAX_PARTS = 10_000;

const PartNumber = z.coerce.number().int().min(1).max(MAX_PARTS);

/** The parts of an upload are no objects yet, and no condition on objects can hold for them. */
const notCreating = { 's3:ObjectCreationOperation': false };

function createMultipartUpload(exchange: S3Exchange): ApiResponse {
  const { cloud, request, call } = exchange;
  const { key } = request;
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, key, 'PutObject', {
    ...notCreating,
    ...encryptionConditions(request),
    's3:x-amz-acl': request.header('x-amz-acl'),
    's3:x-amz-storage-class': request.header('x-amz-storage-class'),
  });
  checkObjectSettings(request);
  const named = request.header('x-amz-checksum-algorithm');
  const algorithm = named === undefined ? undefined : checksumAlgorithm(named);
  if ((request.header('x-amz-checksum-type') ?? 'COMPOSITE') !== 'COMPOSITE') {
    throw new ApiError(
      'NotImplemented',
      'S3 CreateMultipartUpload: checksum type FULL_OBJECT is not supported by the embedded cloud',
      501,
    );
  }
  const description = readDescription(request);
  const lock = requestedLock(exchange, bucket, key);
  const encryption = encryptFor(exchange, bucket, key, requestedEncryption(request, bucket));
  const upload = cloud.uploads.create({
    bucket,
    key,
    initiatedAt: call.time,
    initiator: call.caller.principalArn,
    description,
    encryption,
    lock,
    algorithm,
  });
  return {
    status: 200,
    headers: {
      'content-type': 'application/xml',
      ...encryptionResponseHeaders(encryption),
      ...(algorithm && {
        'x-amz-checksum-algorithm': algorithm,
        'x-amz-checksum-type': 'COMPOSITE',
      }),
    },
    body: writeXml('InitiateMultipartUploadResult', {
      Bucket: bucket.name,
      Key: key,
      UploadId: upload.uploadId,
    }),
  };
}

async function uploadPart(exchange: S3Exchange): Promise<ApiResponse> {
  const { cloud, request, call } = exchange;
  const { key } = request;
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, key, 'PutObject', notCreating);
  const number = PartNumber.safeParse(request.query.get('partNumber'));
  if (!number.success) {
    throw new ApiError(
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  const upload = cloud.uploads.get(bucket, key, request.query.get('uploadId') ?? '');
  const incoming = readIncoming(request, upload.algorithm);
  decryptFor(exchange, bucket, key, upload.encryption);

  const blob = await cloud.blobs.write(() => incoming.chunks());
  const { md5, checksum } = incoming.received();
  if (!cloud.uploads.isOpen(upload)) {
    await cloud.blobs.release(blob);
    // It ended while the part was on its way: this says so as for any other that is not there.
    cloud.uploads.get(bucket, key, upload.uploadId);
  }
  const before = upload.parts.get(number.data);
  upload.parts.set(number.data, {
    number: number.data,
    md5,
    checksum,
    blob,
    lastModified: call.time,
  });
  if (before) await cloud.blobs.release(before.blob);

  return {
    status: 200,
    headers: {
      etag: `"${md5.toString('hex')}"`,
      ...encryptionResponseHeaders(upload.encryption),
      ...(checksum && { [checksumHeader(checksum.algorithm)]: checksum.value }),
    },
  };
}

async function abortMultipartUpload(exchange: S3Exchange): Promise<ApiResponse> {
  const { cloud, request } = exchange;
  const bucket = requestedBucket(exchange);
  authorizeObject(exchange, bucket, request.key, 'AbortMultipartUpload');
  const upload = cloud.uploads.get(bucket, request.key, request.query.get('uploadId') ?? '');
  cloud.uploads.end(upload);
  for (const part of upload.parts.values()) await cloud.blobs.release(part.blob);
  return { status: 204 };
}

/** What begins a multipart upload, fills it, and gives it up. */
export const uploadOperations: readonly Operation[] = [
  {
    name: 'CreateMultipartUpload',
    level: 'object',
    method: 'POST',
    selector: 'uploads',
    headers: [
      ...descriptionHeaders,
      ...encryptionHeaders,
      ...lockHeaders,
      'x-amz-checksum-algorithm',
      'x-amz-checksum-type',
    ],
    readOnly: false,
    dataEvent: true,
    run: createMultipartUpload,
  },
  {
    name: 'UploadPart',
    level: 'object',
    method: 'PUT',
    selector: 'uploadId',
    query: ['partNumber'],
    headers: bodyHeaders,
    readOnly: false,
    dataEvent: true,
    run: uploadPart,
  },
  {
    name: 'AbortMultipartUpload',
    level: 'object',
    method: 'DELETE',
    selector: 'uploadId',
    readOnly: false,
    dataEvent: true,
    run: abortMultipartUpload,
  },
];
