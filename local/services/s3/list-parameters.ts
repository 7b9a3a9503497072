import { ApiError } from '../../api.ts';
import type { S3Request } from './s3-request.ts';

const MAX_KEYS = 1000;

/** Reads how many entries a listing may have: at most a thousand, however many are asked for. */
export function readLimit(request: S3Request, parameter: string): number {
  const text = request.query.get(parameter);
  if (text === null) return MAX_KEYS;
  if (!/^\d{1,9}$/.test(text)) {
    throw new ApiError(
      'InvalidArgument',
      `Provided ${parameter} not an integer or within integer range`,
    );
  }
  return Math.min(Number(text), MAX_KEYS);
}

/** How keys are written in a listing, and what it says of that. */
interface KeyEncoding {
  readonly name: 'url' | undefined;
  readonly encode: (key: string) => string;
}

/** Reads `encoding-type`: as they are, or percent-encoded for what XML cannot hold. */
export function readEncoding(request: S3Request): KeyEncoding {
  const name = request.query.get('encoding-type');
  if (name === null) return { name: undefined, encode: (key) => key };
  if (name !== 'url') {
    throw new ApiError('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  return { name, encode: (key) => encodeURIComponent(key).replaceAll('%2F', '/') };
}
