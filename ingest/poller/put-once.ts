import { createHash } from 'node:crypto';
import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { Patience } from '../../runtime/patience.ts';

/** Bytes that are stored under a key which nobody else writes. */
export interface Put {
  readonly bucket: string;
  readonly key: string;
  readonly body: Buffer;
}

/**
 * Stores bytes, unless there is an object of this key: that is the same one, of a try before.
 *
 * Keys have a random batch id and, but for manifest and listing, the digest of what is in them; a
 * manifest is of entries that change no more.
 */
export async function putOnce(
  { s3, patience }: { readonly s3: S3Client; readonly patience: Patience },
  { bucket, key, body }: Put,
): Promise<void> {
  const began = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: 'application/octet-stream',
          ChecksumSHA256: createHash('sha256').update(body).digest('base64'),
          IfNoneMatch: '*',
        }),
      );
      return;
    } catch (error) {
      const status = statusOf(error);
      if (status === 412) return;
      // Another PUT of the key is under way: whether it arrives is known later.
      if (status !== 409 || !(await patience.wait(began, tries))) throw error;
    }
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
