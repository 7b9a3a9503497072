import { ApiError, type ApiResponse } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import { readRange } from './byte-range.ts';
import { checksumElement, checksumHeaders } from './checksum.ts';
import { decryptFor } from './object-encryption.ts';
import { objectResponseHeaders, versionHeader } from './object-headers.ts';
import type { Operation } from './operation.ts';
import { readConditionHeaders, readOutcome } from './preconditions.ts';
import { authorizeObject, missingObject, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { StoredObject } from './stored-object.ts';
import { writeXml } from './xml.ts';

/** Headers of the answer that a request may choose, by the parameter that does. */
const overrides: Readonly<Record<string, string>> = {
  'response-cache-control': 'cache-control',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-content-type': 'content-type',
  'response-expires': 'expires',
};

/**
 * The object that a caller may read, in the version it names or the newest.
 *
 * @throws ApiError AccessDenied, NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker.
 */
export function readableObject(
  exchange: S3Exchange,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): StoredObject {
  if (versionId === undefined) {
    authorizeObject(exchange, bucket, key, 'GetObject');
  } else {
    authorizeObject(exchange, bucket, key, 'GetObjectVersion', { 's3:VersionId': versionId });
  }
  const found = versionId === undefined ? bucket.current(key) : bucket.version(key, versionId);
  if (!found) throw missingObject(exchange, bucket, key, versionId);
  if (found.kind === 'delete-marker') {
    throw new ApiError(
      'MethodNotAllowed',
      'The specified method is not allowed against this resource.',
      405,
      { Method: exchange.request.method, ResourceType: 'DeleteMarker' },
    );
  }
  return found;
}

/** `versionId` of a request, if it has one. */
export function requestedVersion({ request }: S3Exchange): string | undefined {
  return request.query.get('versionId') ?? undefined;
}

function readObject(exchange: S3Exchange, withBody: boolean): ApiResponse {
  const { cloud, request } = exchange;
  const { key } = request;
  const bucket = requestedBucket(exchange);
  const object = readableObject(exchange, bucket, key, requestedVersion(exchange));
  const wantsChecksum = request.header('x-amz-checksum-mode') === 'ENABLED';
  // As with AWS, what describes an object can be read without its key; its checksum cannot.
  if (withBody || wantsChecksum) decryptFor(exchange, bucket, key, object.encryption);
  if (readOutcome(request, object) === 'not-modified') {
    return {
      status: 304,
      headers: { etag: `"${object.etag}"`, ...versionHeader(object.versionId) },
    };
  }
  const { size } = object.blob;
  const range = readRange(request.header('range'), size);
  const { start, end } = range ?? { start: 0, end: size };
  const chosen = Object.entries(overrides).flatMap(([parameter, header]) => {
    const value = request.query.get(parameter);
    return value === null ? [] : [[header, value]];
  });
  return {
    status: range ? 206 : 200,
    headers: {
      ...objectResponseHeaders(object),
      ...(Object.fromEntries(chosen) as Record<string, string>),
      // A checksum of all says nothing about a part.
      ...(wantsChecksum && end - start === size && checksumHeaders(object.checksum)),
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
      'content-length': String(end - start),
    },
    ...(withBody && { body: cloud.blobs.read(object.blob, start, end) }),
  };
}

function objectAttributes(exchange: S3Exchange): ApiResponse {
  const { request } = exchange;
  const bucket = requestedBucket(exchange);
  const versionId = requestedVersion(exchange);
  const asked = (request.header('x-amz-object-attributes') ?? '')
    .split(',')
    .map((one) => one.trim());
  const unsupported = asked.find(
    (one) => !['ETag', 'Checksum', 'ObjectSize', 'StorageClass'].includes(one),
  );
  authorizeObject(
    exchange,
    bucket,
    request.key,
    versionId === undefined ? 'GetObjectAttributes' : 'GetObjectVersionAttributes',
  );
  if (unsupported !== undefined) {
    throw new ApiError(
      'NotImplemented',
      `S3 GetObjectAttributes: attribute ${unsupported} is not supported by the embedded cloud`,
      501,
    );
  }
  const object = readableObject(exchange, bucket, request.key, versionId);
  const { checksum } = object;
  if (asked.includes('Checksum')) decryptFor(exchange, bucket, request.key, object.encryption);
  return {
    status: 200,
    headers: {
      'content-type': 'application/xml',
      'last-modified': object.lastModified.toUTCString(),
      ...versionHeader(object.versionId),
    },
    body: writeXml('GetObjectAttributesResponse', {
      ETag: asked.includes('ETag') ? object.etag : undefined,
      Checksum:
        asked.includes('Checksum') && checksum
          ? { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }
          : undefined,
      ObjectSize: asked.includes('ObjectSize') ? object.blob.size : undefined,
      StorageClass: asked.includes('StorageClass') ? 'STANDARD' : undefined,
    }),
  };
}

const reading = {
  level: 'object',
  query: ['versionId', ...Object.keys(overrides)],
  headers: ['range', 'x-amz-checksum-mode', ...readConditionHeaders],
  readOnly: true,
  dataEvent: true,
} as const;

/** What reads an object: its bytes, its headers, or some of its attributes. */
export const readOperations: readonly Operation[] = [
  {
    name: 'GetObjectAttributes',
    level: 'object',
    method: 'GET',
    selector: 'attributes',
    query: ['versionId'],
    headers: ['x-amz-object-attributes'],
    readOnly: true,
    dataEvent: true,
    run: objectAttributes,
  },
  { ...reading, name: 'GetObject', method: 'GET', run: (exchange) => readObject(exchange, true) },
  {
    ...reading,
    name: 'HeadObject',
    method: 'HEAD',
    run: (exchange) => readObject(exchange, false),
  },
];
