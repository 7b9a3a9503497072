import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Digest, digestStream } from '../../envelope/digest-stream.ts';
import { BatchUnusableError } from '../exit-codes.ts';

/**
 * Makes sure that a ciphertext of an earlier run is what it was: it may have been sent in part, and
 * the same bytes have to follow. A machine that lost power may have lost some.
 *
 * @throws BatchUnusableError where it is gone or damaged. Encrypting the file again would not help: what was
 * sent before cannot be taken back.
 */
export async function requireSpooled(
  path: string,
  expected: Digest,
  signal: AbortSignal,
): Promise<void> {
  const found = existsSync(path) ? await digestOf(path, signal) : undefined;
  if (found?.sha256 === expected.sha256 && found.sizeBytes === expected.sizeBytes) return;
  throw new BatchUnusableError(
    'what this machine kept of the interrupted upload is gone or damaged: upload to a new batch',
  );
}

async function digestOf(path: string, signal: AbortSignal): Promise<Digest> {
  const digest = digestStream();
  // Only the digest is wanted: what passes goes nowhere.
  digest.resume();
  await pipeline(createReadStream(path), digest, { signal });
  return digest.digest;
}
