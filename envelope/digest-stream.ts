import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** The length and SHA-256 (hex) of a run of bytes. */
export interface Digest {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Passes bytes on unchanged, and knows their digest once the last one has passed. */
export class DigestStream extends Transform {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;
  #digest: Digest | undefined;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.#digest = { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') };
    done();
  }

  /** The digest of everything that passed; an error before the end. */
  get digest(): Digest {
    if (this.#digest === undefined) throw new Error('The digest is known at the end only.');
    return this.#digest;
  }
}

/** Makes a pass-through step of a stream pipeline that measures what passes. */
export function digestStream(): DigestStream {
  return new DigestStream();
}
