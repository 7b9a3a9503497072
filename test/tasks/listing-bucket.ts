import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { objectId } from '../ledger/codes.ts';

/** S3A with one listing in it, which a test sets line by line. */
export const s3 = mockClient(S3Client);

/** A listing's header, and entries for the numbers given. */
export function listingOf(batchId: string, numbers: readonly number[]): string[] {
  const header = { version: 1, study: 'czarhipaa', batchId, objects: numbers.length };
  return [header, ...numbers.map(entry)].map((line) => JSON.stringify(line));
}

export const entry = (number: number) => ({
  objectId: objectId(number),
  sizeBytes: 100 + number,
  sha256: number.toString(16).padStart(64, '0'),
});

/** Puts a listing into S3A; it is read in pieces of 50 bytes, so lines are cut anywhere. */
export function putListing(lines: readonly string[], end = '\n'): void {
  const bytes = Buffer.from(lines.join('\n') + end);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 50) }, (_, piece) =>
    bytes.subarray(piece * 50, piece * 50 + 50),
  );
  s3.on(GetObjectCommand).callsFake(() => ({ Body: Readable.from(pieces) }));
}
