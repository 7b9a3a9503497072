import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Decryptor } from '../envelope/decryptor.ts';
import { type Digest, digestStream } from '../envelope/digest-stream.ts';
import { isAwsError } from '../runtime/aws-errors.ts';

/** An encrypted object of a bucket. */
export interface StoredCiphertext {
  readonly bucket: string;
  readonly key: string;
}

/** What an object was, before and after decryption. */
export interface Fetched {
  readonly ciphertext: Digest;
  readonly plaintext: Digest;
}

const missing = new Set(['NoSuchKey', 'NotFound']);

/** Says whether S3 answers that there is no such object. */
export const isMissing = (error: unknown): boolean => isAwsError(error, missing);

/**
 * Streams an object out of S3, decrypts it into a new file (0600), and measures both.
 *
 * The file is only whole when this has ended without an error. Holds a frame of 1 MiB and some
 * chunks, whatever the object's size.
 *
 * @throws CiphertextError where the ciphertext is at fault; errors of S3, KMS and the disk as they are
 */
export async function fetchObject(
  s3: S3Client,
  { bucket, key }: StoredCiphertext,
  { decrypt }: Decryptor,
  path: string,
  signal: AbortSignal,
): Promise<Fetched> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
    abortSignal: signal,
  });
  if (!(Body instanceof Readable)) throw new Error('S3 answered without a body.');
  const ciphertext = digestStream();
  const plaintext = digestStream();
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  await pipeline(Body, ciphertext, decrypt, plaintext, file, { signal });
  return { ciphertext: ciphertext.digest, plaintext: plaintext.digest };
}
