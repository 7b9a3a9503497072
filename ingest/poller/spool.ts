import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EncryptedObject } from './build-objects.ts';
import { CommitRecord } from './commit-record.ts';

/** What a chunk needs to be committed: its record, and the ciphertexts of its objects. */
export interface SpooledChunk {
  readonly record: CommitRecord;
  readonly objects: readonly EncryptedObject[];
}

/**
 * The folder on E's encrypted disk that keeps ciphertexts from before the first of them is sent until the
 * commit is applied: a poller that dies in between leaves its successor the very bytes it sent.
 *
 * A chunk is one file, so that one write and two syncs keep it: the record in a line, and the ciphertexts.
 */
export class Spool {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes a chunk, which is there whole, and on the disk, or not at all. */
  async write({ record, objects }: SpooledChunk): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = join(this.#directory, record.chunk);
    const part = `${path}.part`;
    await rm(part, { force: true });
    const file = await open(part, 'wx', 0o600);
    try {
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      await file.writeFile(Buffer.concat([line, ...objects.map(({ ciphertext }) => ciphertext)]));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    await syncDirectory(this.#directory);
  }

  /** Reads a chunk; undefined where it is not there, or not what was written. */
  async read(chunk: string): Promise<SpooledChunk | undefined> {
    const path = join(this.#directory, chunk);
    if (!existsSync(path)) return undefined;
    const bytes = await readFile(path);
    const end = bytes.indexOf('\n');
    const record = CommitRecord.safeParse(parseJson(bytes.subarray(0, end))).data;
    if (record === undefined) return undefined;
    let at = end + 1;
    const objects: EncryptedObject[] = [];
    for (const committed of record.objects) {
      const ciphertext = bytes.subarray(at, (at += committed.ciphertextBytes));
      const sha256 = createHash('sha256').update(ciphertext).digest('hex');
      if (sha256 !== committed.ciphertextSha256) return undefined;
      objects.push({ committed, ciphertext });
    }
    return { record, objects };
  }

  /** Lets go of a chunk that is applied. */
  async remove(chunk: string): Promise<void> {
    await rm(join(this.#directory, chunk), { force: true });
  }

  /** Lets go of everything: what an earlier poller never announced, or had done with. */
  async clear(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#directory)) {
      await rm(join(this.#directory, name), { recursive: true, force: true });
    }
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
