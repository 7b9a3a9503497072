import type { Readable } from 'node:stream';
import { ApiError, type ApiRequest } from '../../api.ts';

const MAX_KEY_BYTES = 1024;

/** A request of S3, its path read. */
export interface S3Request {
  readonly method: string;
  /** Empty for a request that names no bucket. */
  readonly bucketName: string;
  /** Empty for a request that names no object. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headerNames: readonly string[];
  readonly header: (name: string) => string | undefined;
  readonly body: Readable;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ApiError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

/** The bucket and the key in a path-style path. A key is everything after the bucket's slash. */
export function readPath(path: string): { readonly bucketName: string; readonly key: string } {
  const [, bucket = '', rest = ''] = /^\/?([^/]*)\/?(.*)$/s.exec(path) ?? [];
  const key = decoded(rest);
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new ApiError('KeyTooLongError', 'Your key is too long');
  }
  return { bucketName: decoded(bucket), key };
}

/** Reads bucket and key out of a path-style request. */
export function readRequest({ method, url, headers, body }: ApiRequest): S3Request {
  return {
    method,
    ...readPath(url.pathname),
    query: url.searchParams,
    headerNames: Object.keys(headers),
    header(name) {
      const value = headers[name];
      return typeof value === 'object' ? value.join(',') : value;
    },
    body,
  };
}
