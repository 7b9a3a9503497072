import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { link, open, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const WRITE_BUFFER_BYTES = 1024 * 1024;
const READ_CHUNK_BYTES = 256 * 1024;

interface Segment {
  readonly path: string;
  readonly size: number;
}

/** Bytes on disk that never change: one file, or one for each part of a multipart upload. */
export interface Blob {
  readonly segments: readonly Segment[];
  readonly size: number;
}

function blobOf(segments: readonly Segment[]): Blob {
  return { segments, size: segments.reduce((sum, segment) => sum + segment.size, 0) };
}

/**
 * The bodies of objects, one file each in one folder, under random names.
 *
 * Bytes lie on disk as they were sent: what SSE promises is checked, not done (see
 * `object-encryption.ts`). A file that is still being read outlives its object.
 */
export class BlobStore {
  readonly #directory: string;
  readonly #readers = new Map<Blob, number>();
  readonly #doomed = new Set<Blob>();

  constructor(directory: string) {
    this.#directory = directory;
    this.wipe();
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Writes all of a source to disk, or nothing: a source that fails leaves no file. */
  async write(source: () => AsyncGenerator<Buffer>): Promise<Blob> {
    const path = this.#newPath();
    let size = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of source()) {
        size += chunk.length;
        yield chunk;
      }
    };
    // Open before the first byte: a stream that fails while it opens would make its file after all.
    const file = await open(path, 'wx', 0o600);
    try {
      await pipeline(counted, file.createWriteStream({ highWaterMark: WRITE_BUFFER_BYTES }));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return blobOf([{ path, size }]);
  }

  /** One blob of several, without copying. The parts must not be released any more. */
  concatenate(parts: readonly Blob[]): Blob {
    return blobOf(parts.flatMap((part) => part.segments));
  }

  /** The same bytes a second time, sharing the disk: hard links. */
  async copy(blob: Blob): Promise<Blob> {
    const segments: Segment[] = [];
    this.#enter(blob);
    try {
      for (const { path, size } of blob.segments) {
        const copy = this.#newPath();
        await link(path, copy);
        segments.push({ path: copy, size });
      }
    } finally {
      await this.#leave(blob);
    }
    return blobOf(segments);
  }

  /** A file from elsewhere as a blob, linked, not copied. It must not be changed any more. */
  async adopt(file: string): Promise<Blob> {
    const { size } = await stat(file);
    const path = this.#newPath();
    try {
      await link(file, path);
    } catch {
      // Another file system, or one without hard links.
      await symlink(file, path);
    }
    return blobOf([{ path, size }]);
  }

  /** The bytes from `start` up to, not including, `end`. */
  read(blob: Blob, start = 0, end = blob.size): Readable {
    const parts: { path: string; start: number; end: number }[] = [];
    let offset = 0;
    for (const { path, size } of blob.segments) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, size);
      if (from < to) parts.push({ path, start: from, end: to - 1 });
      offset += size;
    }
    this.#enter(blob);
    const stream = Readable.from(
      (async function* () {
        for (const { path, ...range } of parts) {
          yield* createReadStream(path, { ...range, highWaterMark: READ_CHUNK_BYTES });
        }
      })(),
      { objectMode: false },
    );
    stream.once('close', () => {
      void this.#leave(blob);
    });
    return stream;
  }

  /** Deletes a blob that no object has any more, as soon as nobody reads it. */
  async release(blob: Blob): Promise<void> {
    if (this.#readers.has(blob)) {
      this.#doomed.add(blob);
      return;
    }
    for (const { path } of blob.segments) await rm(path, { force: true });
  }

  /** Deletes everything at once. */
  wipe(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #enter(blob: Blob): void {
    this.#readers.set(blob, (this.#readers.get(blob) ?? 0) + 1);
  }

  async #leave(blob: Blob): Promise<void> {
    const left = (this.#readers.get(blob) ?? 1) - 1;
    if (left > 0) {
      this.#readers.set(blob, left);
      return;
    }
    this.#readers.delete(blob);
    if (this.#doomed.delete(blob)) await this.release(blob);
  }

  #newPath(): string {
    return join(this.#directory, randomUUID());
  }
}
