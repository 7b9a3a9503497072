import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { ApiError } from '../api.ts';
import type { Authorization } from './authorization.ts';
import { sha256Hex } from './canonical-request.ts';
import { hashedStream, through } from './payload.ts';
import { SignedChunks } from './signed-chunks.ts';

const hex = /^[0-9a-f]{64}$/;

/**
 * What a signature must say of the body: its hash, or how else it is covered.
 *
 * `body` is undefined for S3, whose bodies are too long to be held. Outside S3 the hash is computed whatever the header
 * says: `UNSIGNED-PAYLOAD` does not excuse a body from being signed.
 *
 * @throws ApiError for a presigned URL outside S3, and for an S3 call that does not say.
 */
export function signedPayloadHash(
  { expiresSeconds }: Authorization,
  headers: IncomingHttpHeaders,
  body: Buffer | undefined,
): string {
  if (expiresSeconds !== undefined) {
    if (body === undefined) return 'UNSIGNED-PAYLOAD';
    throw new ApiError('NotImplemented', 'Presigned URLs are supported for S3 only.', 501);
  }
  if (body !== undefined) return sha256Hex(body);
  const signed = headers['x-amz-content-sha256'];
  if (typeof signed === 'string') return signed;
  throw new ApiError(
    'InvalidRequest',
    'Missing required header for this request: x-amz-content-sha256',
  );
}

/**
 * The body of an S3 call as a stream that fails instead of ending when it is not what was signed.
 *
 * @throws ApiError for a way to sign a body that is not supported.
 */
export function verifiedStream(
  source: Readable,
  payloadHash: string,
  { scope, timestamp, signature: seed }: Authorization,
  signingKey: Buffer,
): Readable {
  if (hex.test(payloadHash)) return hashedStream(source, payloadHash);
  switch (payloadHash) {
    case 'UNSIGNED-PAYLOAD':
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return source;
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': {
      const signer = { signingKey, scope, timestamp, seed };
      return through(source, new SignedChunks(signer, payloadHash.endsWith('-TRAILER')));
    }
    default:
      throw new ApiError(
        'InvalidArgument',
        'x-amz-content-sha256 must be a hash or a supported way to sign a stream.',
      );
  }
}
