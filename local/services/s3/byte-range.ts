import { ApiError } from '../../api.ts';

/** Bytes from `start` up to, not including, `end`. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a `Range` header for an object of `size` bytes.
 *
 * Undefined for no header and for one that is no range of bytes, which S3 does not take notice of.
 *
 * @throws ApiError InvalidRange when nothing of the object lies in it, NotImplemented for several ranges.
 */
export function readRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header?.startsWith('bytes=') === true && header.includes(',')) {
    throw new ApiError(
      'NotImplemented',
      'S3: several ranges are not supported by the embedded cloud',
      501,
    );
  }
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= end) {
    throw new ApiError('InvalidRange', 'The requested range is not satisfiable', 416, {
      ActualObjectSize: String(size),
      RangeRequested: header ?? '',
    });
  }
  return { start, end };
}
