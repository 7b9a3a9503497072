import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';

/** A file to be packed: where it is, and its path in the tar. */
export interface PackedFile {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Whether its owner may run it; no other bit of its mode is kept. */
  readonly executable: boolean;
  readonly changedAt: number;
}

/**
 * Lists the files under a directory as they go into a tar, under `prefix` there, sorted by name.
 *
 * @throws Error for anything that is neither a file nor a directory: a tar of links is not read
 *   alike everywhere.
 */
export async function listFiles(directory: string, prefix: string): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const name = `${prefix}/${entry.name}`;
    if (entry.isDirectory()) {
      files.push(...(await listFiles(path, name)));
    } else if (entry.isFile()) {
      const { size, mode, mtimeMs } = await stat(path);
      const executable = (mode & 0o100) !== 0;
      files.push({ path, name, sizeBytes: size, executable, changedAt: mtimeMs });
    } else {
      throw new Error(`cannot pack ${name}: it is neither a file nor a directory`);
    }
  }
  return files.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/**
 * Writes a tar of files so that the same contents give the same bytes on every machine: no times,
 * owners or umask, and in the order given. Streams; holds one file's chunk at a time.
 */
export async function writeTar(path: string, files: readonly PackedFile[]): Promise<void> {
  const tar = pack();
  await Promise.all([packAll(tar, files), pipeline(tar, createWriteStream(path))]);
}

async function packAll(tar: Pack, files: readonly PackedFile[]): Promise<void> {
  for (const { path, name, sizeBytes, executable } of files) {
    const entry = tar.entry({
      name,
      size: sizeBytes,
      mode: executable ? 0o755 : 0o644,
      mtime: new Date(0),
      uid: 0,
      gid: 0,
    });
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), entry);
  }
  tar.finalize();
}
