import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';

interface Stored {
  bytes: Buffer;
  metadata: Record<string, string>;
}

/** An S3 in memory: PUT without overwrite, GET, HEAD. */
export class FakeS3 {
  readonly objects = new Map<string, Stored>();
  /** How many PUTs of each key were taken or refused. */
  readonly puts: string[] = [];

  readonly client = {
    send: async (command: unknown) => {
      if (command instanceof GetObjectCommand) return this.#get(command.input.Key ?? '');
      if (command instanceof HeadObjectCommand) return this.#head(command.input.Key ?? '');
      if (command instanceof PutObjectCommand) return this.#put(command.input);
      throw new Error('not a command that the worker may send');
    },
  } as unknown as S3Client;

  put(key: string, bytes: Buffer): void {
    this.objects.set(key, { bytes, metadata: {} });
  }

  bytes(key: string): Buffer {
    const stored = this.objects.get(key);
    if (stored === undefined) throw new Error('no such object');
    return stored.bytes;
  }

  keys(): string[] {
    return [...this.objects.keys()].sort();
  }

  #get(key: string) {
    const stored = this.objects.get(key);
    if (stored === undefined) throw new NoSuchKey({ message: '', $metadata: status(404) });
    return Promise.resolve({ Body: Readable.from(chunks(stored.bytes)) });
  }

  #head(key: string) {
    const stored = this.objects.get(key);
    if (stored === undefined) throw new NotFound({ message: '', $metadata: status(404) });
    return Promise.resolve({ ContentLength: stored.bytes.length, Metadata: stored.metadata });
  }

  async #put({ Key = '', Body, ...input }: PutObjectCommand['input']) {
    this.puts.push(Key);
    if (input.IfNoneMatch !== '*') throw new Error('a PUT must not overwrite');
    const bytes = await buffer(Body as Readable);
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    if (input.ChecksumSHA256 !== sha256) throw failure('BadDigest', 400);
    if (this.objects.has(Key)) throw failure('PreconditionFailed', 412);
    this.objects.set(Key, { bytes, metadata: input.Metadata ?? {} });
    return {};
  }
}

const status = (httpStatusCode: number) => ({ httpStatusCode });

/** An error as S3 answers it. */
export function failure(name: string, httpStatusCode: number): S3ServiceException {
  const $fault = httpStatusCode >= 500 ? 'server' : 'client';
  return new S3ServiceException({ name, $fault, message: '', $metadata: { httpStatusCode } });
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
