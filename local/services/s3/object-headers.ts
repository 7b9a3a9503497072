import { ApiError } from '../../api.ts';
import { encryptionResponseHeaders } from './object-encryption.ts';
import type { S3Request } from './s3-request.ts';
import type { StoredObject } from './stored-object.ts';

const META = 'x-amz-meta-';
const MAX_METADATA_BYTES = 2048;

const kept = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** Headers that describe a new object, besides the standard ones of HTTP. */
export const descriptionHeaders = [`${META}*`, 'x-amz-storage-class', 'x-amz-acl'] as const;

/**
 * Refuses the settings of objects that exist in one form only.
 *
 * @throws ApiError NotImplemented, AccessControlListNotSupported
 */
export function checkObjectSettings(request: S3Request): void {
  const storageClass = request.header('x-amz-storage-class') ?? 'STANDARD';
  if (storageClass !== 'STANDARD') {
    throw new ApiError(
      'NotImplemented',
      `S3: storage class ${storageClass} is not supported by the embedded cloud`,
      501,
    );
  }
  const acl = request.header('x-amz-acl') ?? 'bucket-owner-full-control';
  if (acl !== 'bucket-owner-full-control') {
    throw new ApiError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
}

/**
 * What the request says about the object to be.
 *
 * @throws ApiError MetadataTooLarge
 */
export function readDescription(request: S3Request): Pick<StoredObject, 'headers' | 'metadata'> {
  const headers = kept.flatMap((name): [string, string][] => {
    const value = request.header(name);
    if (value === undefined) return [];
    if (name !== 'content-encoding') return [[name, value]];
    // How the body travelled is not how the object is encoded.
    const encodings = value.split(',').map((one) => one.trim());
    const own = encodings.filter((one) => one !== 'aws-chunked' && one !== '');
    return own.length > 0 ? [[name, own.join(',')]] : [];
  });
  const metadata = request.headerNames
    .filter((name) => name.startsWith(META))
    .map((name): [string, string] => [name.slice(META.length), request.header(name) ?? '']);
  const size = metadata.reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value, 'latin1'),
    0,
  );
  if (size > MAX_METADATA_BYTES) {
    throw new ApiError(
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size',
      400,
      { Size: String(size), MaxSizeAllowed: String(MAX_METADATA_BYTES) },
    );
  }
  return {
    headers: { 'content-type': 'binary/octet-stream', ...Object.fromEntries(headers) },
    metadata: Object.fromEntries(metadata),
  };
}

/** Empty in a bucket that never had versions. */
export function versionHeader(versionId: string): Record<string, string> {
  return versionId === 'null' ? {} : { 'x-amz-version-id': versionId };
}

/** The headers of an answer that shows an object, without its length. */
export function objectResponseHeaders(object: StoredObject): Record<string, string> {
  return {
    ...object.headers,
    ...Object.fromEntries(
      Object.entries(object.metadata).map(([name, value]) => [META + name, value]),
    ),
    'accept-ranges': 'bytes',
    etag: `"${object.etag}"`,
    'last-modified': object.lastModified.toUTCString(),
    ...versionHeader(object.versionId),
    ...encryptionResponseHeaders(object.encryption),
    ...(object.retention && {
      'x-amz-object-lock-mode': object.retention.mode,
      'x-amz-object-lock-retain-until-date': object.retention.until.toISOString(),
    }),
    ...(object.legalHold && { 'x-amz-object-lock-legal-hold': 'ON' }),
  };
}
