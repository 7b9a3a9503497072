import { createReadStream } from 'node:fs';
import {
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Digest } from '../envelope/digest-stream.ts';
import { translateAwsError } from '../runtime/aws-errors.ts';
import { AwsUnavailableError, ContractError } from '../workflow/model/errors.ts';
import type { StoredResult } from '../workflow/model/ledger-items.ts';
import { isMissing, type StoredCiphertext } from './fetch-object.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** User metadata that tells the digest of a stored ciphertext: S3's own checksum need not be a SHA-256. */
const digestMetadata = 'czar-sha256';

/** S3's limit of one PUT, in bytes of ciphertext. A result beyond it would need a multipart upload, which is not supported. */
export const largestResultBytes = 5 * 1024 ** 3;

/** Finds a result that is stored already; undefined where there is none. */
export async function findResult(
  s3: S3Client,
  { bucket, key }: StoredCiphertext,
): Promise<StoredResult | undefined> {
  try {
    const found = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    const sha256 = found.Metadata?.[digestMetadata];
    if (sha256 === undefined || found.ContentLength === undefined) {
      throw new ContractError('a stored result does not tell its digest');
    }
    return { key, sizeBytes: found.ContentLength, sha256 };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Stores a ciphertext once, and answers what is stored.
 *
 * Where another delivery, or a try whose answer was lost, stored one before, that one stands and is
 * answered: two encryptions of one result differ, and what a reader may have seen is not replaced.
 * The SDK does not repeat a PUT that streams, so this does.
 */
export async function storeResult(
  { s3, patience }: Pick<WorkerDeps, 's3' | 'patience'>,
  { bucket, key }: StoredCiphertext,
  file: Digest & { readonly path: string },
  signal: AbortSignal,
): Promise<{ readonly result: StoredResult; readonly before: boolean }> {
  const began = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      await put(s3, { bucket, key }, file, signal);
      return { result: { key, sizeBytes: file.sizeBytes, sha256: file.sha256 }, before: false };
    } catch (error) {
      const status = httpStatus(error);
      if (status === 412) {
        const result = await findResult(s3, { bucket, key });
        if (result !== undefined) return { result, before: true };
      }
      const isPassing = status === 409 || translateAwsError(error) instanceof AwsUnavailableError;
      if (!isPassing || !(await patience.wait(began, tries))) throw error;
      signal.throwIfAborted();
    }
  }
}

async function put(
  s3: S3Client,
  { bucket, key }: StoredCiphertext,
  { path, sizeBytes, sha256 }: Digest & { readonly path: string },
  signal: AbortSignal,
): Promise<void> {
  const body = createReadStream(path);
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentLength: sizeBytes,
        ContentType: 'application/octet-stream',
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        IfNoneMatch: '*',
        Metadata: { [digestMetadata]: sha256 },
      }),
      { abortSignal: signal },
    );
  } finally {
    body.destroy();
  }
}

function httpStatus(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
