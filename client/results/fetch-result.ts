import { mkdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, NoSuchKey } from '@aws-sdk/client-s3';
import { CiphertextError } from '../../envelope/ciphertext-error.ts';
import { createDecryptor, type Decryptor } from '../../envelope/decryptor.ts';
import { digestStream } from '../../envelope/digest-stream.ts';
import type { StoredResult } from '../../workflow/model/ledger-items.ts';
import { UnsafeTarError, unpackTar } from '../../runtime/unpack-tar.ts';
import type { Deployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';

/** Makes the decryptor of a batch's results; a researcher's role may use it for nothing else. */
export function resultDecryptor({ kms, settings }: Deployment, batchId: string): Decryptor {
  return createDecryptor({
    kms,
    keyArn: settings.dataKeyArn,
    place: { study: settings.study, batchId },
    kind: 'result',
  });
}

/**
 * Fetches one stored result, decrypts it and unpacks it into a folder of its own.
 *
 * What is in the folder counts only when this has returned: every byte was authenticated then, and
 * the ciphertext is the one that the ledger noted.
 *
 * @returns the names of the files, sorted.
 */
export async function fetchResult(
  deployment: Deployment,
  result: StoredResult,
  decryptor: Decryptor,
  folder: string,
  signal: AbortSignal,
): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const body = await openResult(deployment, result, signal);
  const ciphertext = digestStream();
  const { input, names } = unpackTar(folder);
  const ends = await Promise.allSettled([
    names,
    pipeline(body, ciphertext, decryptor.decrypt, input, { signal }),
  ]);
  // A refused entry ends the stream as well; what refused it says more.
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure !== undefined) throw translated(failure.reason);
  const { sha256, sizeBytes } = ciphertext.digest;
  if (sha256 !== result.sha256 || sizeBytes !== result.sizeBytes) {
    throw new UserError('badInput', 'the stored result is not the one that the ledger noted');
  }
  return names;
}

async function openResult(
  { s3, settings }: Deployment,
  { key }: StoredResult,
  signal: AbortSignal,
): Promise<Readable> {
  try {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: settings.resultBucket, Key: key }),
      { abortSignal: signal },
    );
    if (Body instanceof Readable) return Body;
  } catch (error) {
    if (!(error instanceof NoSuchKey)) throw error;
    throw new UserError('badInput', 'the result that the ledger noted is not in the bucket', {
      cause: error,
    });
  }
  throw new Error('GetObject answered without a body');
}

function translated(error: unknown): unknown {
  if (error instanceof UnsafeTarError)
    return new UserError('badInput', error.message, { cause: error });
  if (!(error instanceof CiphertextError)) return error;
  return new UserError('badInput', `the stored result was refused: ${error.message}`, {
    cause: error,
  });
}
