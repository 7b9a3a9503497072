import { ApiError, type ApiResponse } from '../../api.ts';
import { compareKeys, firstIndex } from './key-order.ts';
import { readEncoding, readLimit } from './list-parameters.ts';
import type { Operation } from './operation.ts';
import { authorizeBucket, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import type { Version } from './stored-object.ts';
import { writeXml } from './xml.ts';

interface Listed {
  readonly version: Version;
  readonly isLatest: boolean;
}

function* versionsFrom(
  exchange: S3Exchange,
  prefix: string,
  keyMarker: string | undefined,
  versionMarker: string | undefined,
): Generator<Listed> {
  const bucket = requestedBucket(exchange);
  const keys = bucket.keys();
  const from = keyMarker !== undefined && compareKeys(keyMarker, prefix) > 0 ? keyMarker : prefix;
  for (
    let index = firstIndex(keys, (key) => compareKeys(key, from) >= 0);
    index < keys.length;
    index += 1
  ) {
    const key = keys[index] ?? '';
    if (!key.startsWith(prefix)) return;
    const versions = bucket.versions(key);
    const marked = versions.findIndex((version) => version.versionId === versionMarker);
    // Behind the marked version; behind the whole key when it names none, or one that is gone.
    const skipped = key !== keyMarker ? 0 : marked < 0 ? versions.length : marked + 1;
    for (const version of versions.slice(skipped)) {
      yield { version, isLatest: version === versions[0] };
    }
  }
}

function listVersions(exchange: S3Exchange): ApiResponse {
  const { request } = exchange;
  const parameter = (name: string): string | undefined => request.query.get(name) ?? undefined;
  const bucket = requestedBucket(exchange);
  authorizeBucket(exchange, bucket, 'ListBucketVersions', {
    's3:prefix': parameter('prefix'),
    's3:max-keys': parameter('max-keys'),
  });
  const [keyMarker, versionMarker] = [parameter('key-marker'), parameter('version-id-marker')];
  if (versionMarker !== undefined && keyMarker === undefined) {
    throw new ApiError(
      'InvalidArgument',
      'A version-id marker cannot be specified without a key marker.',
    );
  }
  const limit = readLimit(request, 'max-keys');
  const { name: encodingType, encode } = readEncoding(request);
  const prefix = parameter('prefix') ?? '';
  const shown: Listed[] = [];
  let isTruncated = false;
  for (const listed of versionsFrom(exchange, prefix, keyMarker, versionMarker)) {
    isTruncated = shown.length === limit;
    if (isTruncated) break;
    shown.push(listed);
  }
  const last = shown.at(-1)?.version;
  const entry = ({ version, isLatest }: Listed) => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: version.lastModified.toISOString(),
    ...(version.kind === 'object' && {
      ETag: `"${version.etag}"`,
      Size: version.blob.size,
      StorageClass: 'STANDARD',
    }),
  });

  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml('ListVersionsResult', {
      Name: bucket.name,
      Prefix: encode(prefix),
      KeyMarker: keyMarker === undefined ? '' : encode(keyMarker),
      VersionIdMarker: versionMarker ?? '',
      MaxKeys: limit,
      EncodingType: encodingType,
      IsTruncated: isTruncated,
      NextKeyMarker: isTruncated && last ? encode(last.key) : undefined,
      NextVersionIdMarker: isTruncated ? last?.versionId : undefined,
      Version: shown.filter(({ version }) => version.kind === 'object').map(entry),
      DeleteMarker: shown.filter(({ version }) => version.kind === 'delete-marker').map(entry),
    }),
  };
}

/** Lists all versions and delete markers, each key's newest first. Common prefixes are not supported. */
export const listVersionsOperation: Operation = {
  name: 'ListObjectVersions',
  level: 'bucket',
  method: 'GET',
  selector: 'versions',
  query: ['prefix', 'max-keys', 'key-marker', 'version-id-marker', 'encoding-type'],
  readOnly: true,
  dataEvent: true,
  run: listVersions,
};
