import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { ApiError } from '../api.ts';
import { sha256Hex } from './canonical-request.ts';
import { sameSignature, scopeText, signText, type CredentialScope } from './signing-key.ts';

/** What signs a chunk: the key, what the request's own signature was bound to, and that signature. */
export interface ChunkSigner {
  readonly signingKey: Buffer;
  readonly scope: CredentialScope;
  readonly timestamp: string;
  /** The request's signature, which the first chunk's continues. */
  readonly seed: string;
}

const emptyHash = sha256Hex('');
const lineEnd = Buffer.from('\r\n');

/** No chunk header or trailer line is longer. */
const longestLineBytes = 8 * 1024;

const refused = (message: string): ApiError => new ApiError('SignatureDoesNotMatch', message, 403);

/**
 * Passes an `aws-chunked` body on unchanged and verifies the signature of every chunk on the way.
 *
 * Fails at the first chunk whose signature does not continue the one before, and at a body that ends
 * before its last chunk. A chunk's bytes are passed on before its signature is known, so a reader
 * must not use what it read until the stream has ended.
 *
 * @see Amazon S3 API Reference, "Signature calculations for the authorization header: transferring
 * payload in multiple chunks"
 */
export class SignedChunks extends Transform {
  readonly #signer: ChunkSigner;
  readonly #hasTrailer: boolean;
  #previous: string;
  #line = Buffer.alloc(0);
  #state: 'header' | 'data' | 'data-end' | 'trailer' | 'done' = 'header';
  #left = 0;
  #hash: Hash = createHash('sha256');
  #signature = '';
  #trailer = '';

  constructor(signer: ChunkSigner, hasTrailer: boolean) {
    super();
    this.#signer = signer;
    this.#previous = signer.seed;
    this.#hasTrailer = hasTrailer;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    try {
      let rest = chunk;
      while (rest.length > 0) rest = this.#state === 'data' ? this.#data(rest) : this.#lines(rest);
      callback(null, chunk);
    } catch (error) {
      callback(error instanceof Error ? error : refused('The body could not be verified.'));
    }
  }

  override _flush(callback: TransformCallback): void {
    callback(this.#state === 'done' ? null : refused('The body ended before its last chunk.'));
  }

  #data(rest: Buffer): Buffer {
    const part = rest.subarray(0, this.#left);
    this.#hash.update(part);
    this.#left -= part.length;
    if (this.#left === 0) this.#state = 'data-end';
    return rest.subarray(part.length);
  }

  #lines(rest: Buffer): Buffer {
    const before = this.#line.length;
    const gathered = Buffer.concat([this.#line, rest]);
    const end = gathered.indexOf(lineEnd);
    if (end < 0) {
      if (gathered.length > longestLineBytes) throw refused('A chunk header is too long.');
      this.#line = gathered;
      return Buffer.alloc(0);
    }
    this.#line = Buffer.alloc(0);
    this.#readLine(gathered.toString('latin1', 0, end));
    return rest.subarray(end + lineEnd.length - before);
  }

  #readLine(line: string): void {
    if (this.#state === 'data-end') this.#endChunk(line);
    else if (this.#state === 'trailer') this.#readTrailer(line);
    else if (this.#state === 'header') this.#beginChunk(line);
    else if (line !== '') throw refused('There is more after the last chunk.');
  }

  #beginChunk(line: string): void {
    const match = /^([0-9a-f]{1,12});chunk-signature=([0-9a-f]{64})$/i.exec(line);
    if (match === null) throw refused('A chunk has no signature.');
    this.#left = Number.parseInt(match[1] ?? '', 16);
    this.#signature = match[2] ?? '';
    this.#hash = createHash('sha256');
    if (this.#left > 0) {
      this.#state = 'data';
      return;
    }
    this.#verifyChunk();
    this.#state = this.#hasTrailer ? 'trailer' : 'done';
  }

  #endChunk(line: string): void {
    if (line !== '') throw refused('A chunk is longer than it says.');
    this.#verifyChunk();
    this.#state = 'header';
  }

  #verifyChunk(): void {
    this.#verify(
      ['AWS4-HMAC-SHA256-PAYLOAD', emptyHash, this.#hash.digest('hex')],
      this.#signature,
    );
  }

  #readTrailer(line: string): void {
    const signature = /^x-amz-trailer-signature:([0-9a-f]{64})$/i.exec(line)?.[1];
    if (signature === undefined) {
      if (line !== '') this.#trailer += `${line}\n`;
      return;
    }
    this.#verify(['AWS4-HMAC-SHA256-TRAILER', sha256Hex(this.#trailer)], signature);
    this.#state = 'done';
  }

  #verify([algorithm = '', ...hashes]: readonly string[], signature: string): void {
    const { timestamp, scope, signingKey } = this.#signer;
    const text = [algorithm, timestamp, scopeText(scope), this.#previous, ...hashes].join('\n');
    const expected = signText(signingKey, text);
    if (!sameSignature(expected, signature))
      throw refused('The signature of a chunk does not match.');
    this.#previous = expected;
  }
}
