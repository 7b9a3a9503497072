import { ApiError } from '../../api.ts';

/** Writes where a listing stopped as an opaque text. */
export function writeMarker(position: number): string {
  return Buffer.from(`czk:${String(position)}`, 'latin1').toString('base64url');
}

/**
 * Reads what {@link writeMarker} wrote.
 *
 * @throws ApiError InvalidMarkerException
 */
export function readMarker(marker: string): number {
  const position = /^czk:(\d+)$/.exec(Buffer.from(marker, 'base64url').toString('latin1'))?.[1];
  if (position === undefined) {
    throw new ApiError('InvalidMarkerException', 'Could not deserialize marker.');
  }
  return Number(position);
}
