import { ApiError } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import type { S3Request } from './s3-request.ts';
import type { StoredObject } from './stored-object.ts';

/** Headers that make a write conditional. */
export const writeConditionHeaders = ['if-none-match', 'if-match'] as const;

/** Headers that make a read conditional. */
export const readConditionHeaders = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
] as const;

/** On what a write depends. */
export type WritePrecondition =
  | { readonly kind: 'none' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'etag'; readonly etag: string };

const failed = (condition: string): ApiError =>
  new ApiError(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    412,
    { Condition: condition },
  );

function unquoted(etag: string): string {
  return etag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');
}

/**
 * Reads the condition of a write: `If-None-Match: *` or `If-Match: <ETag>`.
 *
 * @throws ApiError NotImplemented, as S3 answers any other form.
 */
export function writePrecondition(request: S3Request): WritePrecondition {
  const [ifNoneMatch, ifMatch] = writeConditionHeaders.map((name) => request.header(name));
  if (ifNoneMatch === undefined && ifMatch === undefined) return { kind: 'none' };
  if (ifNoneMatch === undefined && ifMatch !== undefined && ifMatch !== '*')
    return { kind: 'etag', etag: unquoted(ifMatch) };
  if (ifNoneMatch === '*' && ifMatch === undefined) return { kind: 'absent' };
  throw new ApiError(
    'NotImplemented',
    'A header you provided implies functionality that is not implemented',
    501,
  );
}

/** Condition keys for the condition of a write, absent where the request has none. */
export function writeConditionKeys(request: S3Request): Record<string, string | undefined> {
  return {
    's3:if-none-match': request.header('if-none-match'),
    's3:if-match': request.header('if-match'),
  };
}

/** @throws ApiError PreconditionFailed, or NoSuchKey for an ETag of nothing. */
export function requireWritable(
  bucket: Bucket,
  key: string,
  precondition: WritePrecondition,
): void {
  const current = bucket.current(key);
  if (precondition.kind === 'absent' && current) throw failed('If-None-Match');
  if (precondition.kind === 'etag') {
    if (!current) {
      throw new ApiError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
    }
    if (current.etag !== precondition.etag) throw failed('If-Match');
  }
}

function matches(list: string, etag: string): boolean {
  return list.trim() === '*' || list.split(',').some((one) => unquoted(one) === etag);
}

/** HTTP's dates have seconds; a time that cannot be read is no condition. */
function isModifiedSince(object: StoredObject, date: string): boolean | undefined {
  const time = Date.parse(date);
  if (Number.isNaN(time)) return undefined;
  return Math.floor(object.lastModified.getTime() / 1000) * 1000 > time;
}

/**
 * Holds a read against its conditions, in the order that S3 gives them.
 *
 * @throws ApiError PreconditionFailed
 * @see Amazon S3 API Reference, GetObject
 */
export function readOutcome(request: S3Request, object: StoredObject): 'proceed' | 'not-modified' {
  const [ifMatch, ifNoneMatch, modified, unmodified] = readConditionHeaders.map((name) =>
    request.header(name),
  );
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw failed('If-Match');
  } else if (unmodified !== undefined && isModifiedSince(object, unmodified) === true) {
    throw failed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) {
    return matches(ifNoneMatch, object.etag) ? 'not-modified' : 'proceed';
  }
  const isUnchanged = modified !== undefined && isModifiedSince(object, modified) === false;
  return isUnchanged ? 'not-modified' : 'proceed';
}
