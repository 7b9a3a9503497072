import * as z from 'zod';
import { ApiError, type ApiResponse } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import { compareKeys, firstIndex } from './key-order.ts';
import { readEncoding, readLimit } from './list-parameters.ts';
import type { Operation } from './operation.ts';
import { authorizeBucket, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { StoredObject } from './stored-object.ts';
import { writeXml } from './xml.ts';

/** Where a page of a listing ended: behind a key, or behind all keys of a common prefix. */
const Position = z.union([
  z.strictObject({ key: z.string() }),
  z.strictObject({ commonPrefix: z.string() }),
]);
type Position = z.output<typeof Position>;

function writeToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** @throws ApiError InvalidArgument */
function readToken(token: string): Position {
  try {
    return Position.parse(JSON.parse(Buffer.from(token, 'base64url').toString('utf8')));
  } catch {
    throw new ApiError('InvalidArgument', 'The continuation token provided is incorrect');
  }
}

/** The index of the first key behind a position. */
function indexBehind(keys: readonly string[], position: Position): number {
  if ('key' in position) return firstIndex(keys, (key) => compareKeys(key, position.key) > 0);
  const { commonPrefix } = position;
  return firstIndex(
    keys,
    (key) => compareKeys(key, commonPrefix) >= 0 && !key.startsWith(commonPrefix),
  );
}

interface Listing {
  readonly objects: readonly StoredObject[];
  readonly commonPrefixes: readonly string[];
  /** Where the next page begins, when there is one. */
  readonly next?: Position;
}

interface ListingRequest {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly after?: Position;
}

/** One page of a bucket's objects in the order of their keys. */
function listPage(bucket: Bucket, { prefix, delimiter, limit, after }: ListingRequest): Listing {
  const keys = bucket.keys();
  const objects: StoredObject[] = [];
  const commonPrefixes: string[] = [];
  const start = firstIndex(keys, (key) => compareKeys(key, prefix) >= 0);
  let index = after ? Math.max(start, indexBehind(keys, after)) : start;
  let last: Position | undefined;
  while (index < keys.length) {
    const key = keys[index] ?? '';
    if (!key.startsWith(prefix)) break;
    const object = bucket.current(key);
    if (!object) {
      index += 1;
      continue;
    }
    if (objects.length + commonPrefixes.length >= limit) {
      return { objects, commonPrefixes, next: last };
    }
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut < 0) {
      objects.push(object);
      last = { key };
      index += 1;
    } else {
      const commonPrefix = key.slice(0, cut + delimiter.length);
      commonPrefixes.push(commonPrefix);
      last = { commonPrefix };
      index = indexBehind(keys, last);
    }
  }
  return { objects, commonPrefixes };
}

function listObjects(exchange: S3Exchange): ApiResponse {
  const { request } = exchange;
  const parameter = (name: string): string | undefined => request.query.get(name) ?? undefined;
  const bucket = requestedBucket(exchange);
  authorizeBucket(exchange, bucket, 'ListBucket', {
    's3:prefix': parameter('prefix'),
    's3:delimiter': parameter('delimiter'),
    's3:max-keys': parameter('max-keys'),
  });
  if (parameter('list-type') !== '2') {
    throw new ApiError('InvalidArgument', 'Invalid List Type specified in Request');
  }
  const limit = readLimit(request, 'max-keys');
  const { name: encodingType, encode } = readEncoding(request);
  const [token, startAfter] = [parameter('continuation-token'), parameter('start-after')];
  const { prefix = '', delimiter = '' } = {
    prefix: parameter('prefix'),
    delimiter: parameter('delimiter'),
  };
  const after =
    token === undefined
      ? startAfter === undefined
        ? undefined
        : { key: startAfter }
      : readToken(token);
  const page = listPage(bucket, { prefix, delimiter, limit, after });

  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml('ListBucketResult', {
      Name: bucket.name,
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      StartAfter: startAfter === undefined ? undefined : encode(startAfter),
      ContinuationToken: token,
      MaxKeys: limit,
      EncodingType: encodingType,
      KeyCount: page.objects.length + page.commonPrefixes.length,
      IsTruncated: page.next !== undefined,
      NextContinuationToken: page.next && writeToken(page.next),
      Contents: page.objects.map((object) => ({
        Key: encode(object.key),
        LastModified: object.lastModified.toISOString(),
        ETag: `"${object.etag}"`,
        ChecksumAlgorithm: object.checksum?.algorithm,
        ChecksumType: object.checksum?.type,
        Size: object.blob.size,
        StorageClass: 'STANDARD',
      })),
      CommonPrefixes: page.commonPrefixes.map((one) => ({ Prefix: encode(one) })),
    }),
  };
}

/** Lists objects by key. The older listing without `list-type=2` is not supported. */
export const listObjectsOperation: Operation = {
  name: 'ListObjectsV2',
  eventName: 'ListObjects',
  level: 'bucket',
  method: 'GET',
  selector: 'list-type',
  query: ['prefix', 'delimiter', 'max-keys', 'continuation-token', 'start-after', 'encoding-type'],
  readOnly: true,
  dataEvent: true,
  run: listObjects,
};
