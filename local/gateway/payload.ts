import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { ApiError } from '../api.ts';
import { sha256Hex } from './canonical-request.ts';

/** Calls other than S3's fit in memory; the longest is DynamoDB's, 16 MiB. */
const longestBodyBytes = 16 * 1024 * 1024;

const mismatch = (): ApiError =>
  new ApiError(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  );

/** Reads a whole body, which S3's are too long for. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop early must not cut the connection that the refusal goes out on.
  for await (const data of request.iterator({ destroyOnReturn: false })) {
    const chunk = data as Buffer;
    length += chunk.length;
    if (length > longestBodyBytes)
      throw new ApiError('RequestEntityTooLarge', 'The request body is longer than 16 MiB.', 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Passes a body on and fails instead of ending when its hash is not the signed one. */
class HashedBody extends Transform {
  readonly #hash = createHash('sha256');
  readonly #expected: string;

  constructor(expected: string) {
    super();
    this.#expected = expected;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#hash.update(chunk);
    callback(null, chunk);
  }

  override _flush(callback: TransformCallback): void {
    callback(this.#hash.digest('hex') === this.#expected ? null : mismatch());
  }
}

/**
 * Checks a body in memory against the hash that was signed.
 *
 * @throws ApiError XAmzContentSHA256Mismatch
 */
export function checkedBody(body: Buffer, payloadHash: string): Readable {
  if (sha256Hex(body) !== payloadHash) throw mismatch();
  return Readable.from(body.length === 0 ? [] : [body]);
}

/** Passes a stream through another, so that a failure of either ends both with its error. */
export function through(source: Readable, check: Transform): Readable {
  source.on('error', (error) => check.destroy(error));
  source.on('close', () => {
    if (!source.readableEnded) check.destroy(new Error('the client went away'));
  });
  // A service that stops reading leaves the rest of the request to be drained.
  check.on('close', () => source.unpipe(check).resume());
  return source.pipe(check);
}

/** A body of S3 whose hash was signed: checked as it is read, and failed before its end. */
export function hashedStream(source: Readable, payloadHash: string): Readable {
  return through(source, new HashedBody(payloadHash));
}
