import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type Put, putParts } from './put-parts.ts';
import { readPart } from './read-part.ts';
import { KeyTakenError, type Sending, wantsNewUpload } from './sending.ts';

/** Up to here an object is one PUT from memory; above, a multipart upload of parts this large. */
export const leastPartBytes = 8 * 1024 * 1024;
/** S3 takes 10,000 parts: some 80 GB of the least ones, and larger parts above that. */
const mostParts = 10_000;
/** Uploads of one object that are begun anew before it is given up. */
const mostUploads = 3;

/**
 * What came of a PUT: `arrived` is an object that exists and may be what an earlier try of this one
 * stored; `taken` is one that cannot be.
 */
export type PutOutcome = 'stored' | 'arrived' | 'taken';

/**
 * Stores a spooled file under a key that must not exist.
 *
 * Bounded memory: no more than one part for each of `sending`'s places is held at once.
 */
export async function putObject(sending: Sending, put: Put): Promise<PutOutcome> {
  try {
    if (put.sizeBytes <= leastPartBytes) await putWhole(sending, put);
    else await putMultipart(sending, put);
    return 'stored';
  } catch (error) {
    if (!(error instanceof KeyTakenError)) throw error;
    return error.mayBeOurs ? 'arrived' : 'taken';
  }
}

async function putWhole(
  sending: Sending,
  { bucket, key, path, signal, onSent }: Put,
): Promise<void> {
  await sending.send(signal, async () => {
    const Body = await readPart(path, 0, leastPartBytes);
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body, IfNoneMatch: '*' });
    await sending.s3.send(command, { abortSignal: signal });
    onSent?.(Body.length);
  });
}

async function putMultipart(sending: Sending, put: Put): Promise<void> {
  const partBytes = Math.max(leastPartBytes, Math.ceil(put.sizeBytes / mostParts));
  let partial = put.log?.partial();
  for (let uploads = 1; ; uploads += 1) {
    try {
      await putParts(sending, put, partBytes, partial);
      return;
    } catch (error) {
      if (uploads > 1 && error instanceof KeyTakenError)
        throw new KeyTakenError(true, { cause: error });
      if (uploads === mostUploads || !wantsNewUpload(error)) throw error;
      partial = undefined;
    }
  }
}
