import { ApiError } from '../../api.ts';
import { decodeChunked } from './aws-chunked.ts';
import {
  checksumAlgorithm,
  checksumAlgorithms,
  checksumHeader,
  createDigest,
  type Checksum,
  type ChecksumAlgorithm,
} from './checksum.ts';
import type { S3Request } from './s3-request.ts';

/** The most that one PUT may send: an object or a part. */
const MAX_BODY_BYTES = 5 * 1024 ** 3;

/** Headers that say how the body is sent and what protects it. */
export const bodyHeaders = [
  'x-amz-decoded-content-length',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-trailer',
  ...checksumAlgorithms.map(checksumHeader),
] as const;

/** What was received, once all of it was and every digest that came with it is right. */
interface Received {
  readonly size: number;
  readonly md5: Buffer;
  /** Of the algorithm the client chose, or that the body had to have; absent when there is neither. */
  readonly checksum?: Checksum;
}

/** The body of one request: read once, from beginning to end. */
interface IncomingBody {
  readonly algorithm?: ChecksumAlgorithm;
  /** The client's digest came with the body, or before it: S3 wants one where objects are locked. */
  readonly isProtected: boolean;
  /** The bytes; fails instead of ending when they are not what the client meant to send. */
  chunks(): AsyncGenerator<Buffer>;
  /** @throws Error before {@link chunks} has ended. */
  received(): Received;
}

function lengthHeader(request: S3Request, name: string): number | undefined {
  const text = request.header(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new ApiError('InvalidArgument', `${name} is not a length`);
  return value;
}

function expectedLength(request: S3Request, isChunked: boolean): number {
  const length = isChunked
    ? lengthHeader(request, 'x-amz-decoded-content-length')
    : lengthHeader(request, 'content-length');
  if (length === undefined) {
    throw new ApiError(
      'MissingContentLength',
      'You must provide the Content-Length HTTP header.',
      411,
    );
  }
  if (length > MAX_BODY_BYTES) {
    throw new ApiError(
      'EntityTooLarge',
      'Your proposed upload exceeds the maximum allowed size',
      400,
      { ProposedSize: String(length), MaxSizeAllowed: String(MAX_BODY_BYTES) },
    );
  }
  return length;
}

/** Where the client's checksum is: in a header with its value, or in a trailer that is yet to come. */
function clientChecksum(
  request: S3Request,
): { readonly algorithm: ChecksumAlgorithm; readonly value?: string } | undefined {
  const inHeaders = request.headerNames
    .filter((name) => name.startsWith('x-amz-checksum-') && !/-(?:algorithm|type|mode)$/.test(name))
    .map((name) => ({
      algorithm: checksumAlgorithm(name.slice('x-amz-checksum-'.length)),
      value: request.header(name),
    }));
  const inTrailers = (request.header('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
    .map((name) => {
      if (!name.startsWith('x-amz-checksum-')) {
        throw new ApiError(
          'InvalidRequest',
          'The value specified in the x-amz-trailer header is not supported',
        );
      }
      return { algorithm: checksumAlgorithm(name.slice('x-amz-checksum-'.length)) };
    });
  const [first, second] = [...inHeaders, ...inTrailers];
  if (second) {
    throw new ApiError('InvalidRequest', 'Expecting a single x-amz-checksum- header.');
  }
  const announced = request.header('x-amz-sdk-checksum-algorithm');
  if (announced !== undefined && checksumAlgorithm(announced) !== first?.algorithm) {
    throw new ApiError(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return first;
}

function contentMd5(request: S3Request): Buffer | undefined {
  const text = request.header('content-md5');
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 16) {
    throw new ApiError('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  return bytes;
}

/** The raw bytes of the request. Leaving early keeps the connection: the error has yet to be answered. */
async function* rawChunks({ body }: S3Request): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('IncompleteBody', 'The request body terminated unexpectedly', 400);
  }
}

/**
 * Reads how a body is sent, and refuses what cannot be received before the first byte is read.
 *
 * `required` is the algorithm of the multipart upload that the body is a part of: the part must not
 * bring another one, and is given this one if it brings none.
 *
 * @throws ApiError MissingContentLength, EntityTooLarge, InvalidDigest, InvalidRequest
 */
export function readIncoming(request: S3Request, required?: ChecksumAlgorithm): IncomingBody {
  const isChunked = request.header('x-amz-content-sha256')?.startsWith('STREAMING-') === true;
  const expectedSize = expectedLength(request, isChunked);
  const expectedMd5 = contentMd5(request);
  const sent = clientChecksum(request);
  if (required && sent && sent.algorithm !== required) {
    throw new ApiError(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${required.toLowerCase()}, actual checksum Type: ${sent.algorithm.toLowerCase()}`,
    );
  }
  const algorithm = required ?? sent?.algorithm;
  const trailers = new Map<string, string>();
  let result: Received | undefined;

  function verified(size: number, md5: Buffer, computed: Buffer | undefined): Received {
    if (size !== expectedSize) {
      throw new ApiError(
        'IncompleteBody',
        'You did not provide the number of bytes specified by the Content-Length HTTP header',
      );
    }
    if (expectedMd5 && !expectedMd5.equals(md5)) {
      throw new ApiError(
        'BadDigest',
        'The Content-MD5 you specified did not match what we received.',
      );
    }
    if (!algorithm || !computed) return { size, md5 };
    const value = computed.toString('base64');
    if (sent) {
      const expected = sent.value ?? trailers.get(checksumHeader(sent.algorithm));
      if (expected === undefined) {
        throw new ApiError(
          'MalformedTrailerError',
          'The request contained trailing data that was not well-formed or did not conform to our published schema.',
        );
      }
      if (expected !== value) {
        throw new ApiError(
          'BadDigest',
          `The ${algorithm} you specified did not match the calculated checksum.`,
        );
      }
    }
    return { size, md5, checksum: { algorithm, value, type: 'FULL_OBJECT' } };
  }

  return {
    algorithm,
    isProtected: sent !== undefined || expectedMd5 !== undefined,
    async *chunks() {
      const md5 = createDigest('MD5');
      const digest = algorithm && createDigest(algorithm);
      const raw = rawChunks(request);
      let size = 0;
      for await (const chunk of isChunked ? decodeChunked(raw, trailers) : raw) {
        size += chunk.length;
        if (size > expectedSize) break;
        md5.update(chunk);
        digest?.update(chunk);
        yield chunk;
      }
      result = verified(size, md5.digest(), digest?.digest());
    },
    received() {
      if (!result) throw new Error('the body was not read to its end');
      return result;
    },
  };
}

/**
 * Reads a short body into memory, with the same checks as a long one.
 *
 * @throws ApiError MaxMessageLengthExceeded
 */
export async function readText(request: S3Request, maxBytes: number): Promise<string> {
  const incoming = readIncoming(request);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming.chunks()) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new ApiError('MaxMessageLengthExceeded', 'Your request was too large.');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
