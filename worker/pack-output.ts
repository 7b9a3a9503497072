import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';
import type { Encryptor } from '../envelope/encryptor.ts';
import { type Digest, digestStream } from '../envelope/digest-stream.ts';

/** A pipeline left something else than files and directories: a link, a socket, a device. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly code = 'OutputError';
}

/** A file that a pipeline made. */
export interface OutputFile {
  readonly path: string;
  /** Its path in the tar, with slashes. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** What a tar has besides its files: a header and padding each, names too long for it, the end. */
const tarBytesPerFile = 4096;
const tarEndBytes = 1024;

/**
 * Lists what a pipeline made, sorted by name, directory by directory.
 *
 * @throws OutputError
 */
export async function listOutput(directory: string, prefix = ''): Promise<OutputFile[]> {
  const files: OutputFile[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const name = prefix + entry.name;
    if (entry.isDirectory()) files.push(...(await listOutput(path, `${name}/`)));
    else if (entry.isFile()) files.push({ path, name, sizeBytes: (await stat(path)).size });
    else throw new OutputError('The output has something that is no file.');
  }
  return files.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/**
 * Packs files into one encrypted tar (0600) and answers the digest of the ciphertext.
 *
 * The tar itself is the same for the same files: no times, no owners, one mode, sorted names.
 */
export async function packOutput(
  files: readonly OutputFile[],
  encryptor: Encryptor,
  path: string,
  signal: AbortSignal,
): Promise<Digest> {
  const mostBytes = files.reduce(
    (sum, { name, sizeBytes }) => sum + sizeBytes + tarBytesPerFile + 2 * Buffer.byteLength(name),
    tarEndBytes,
  );
  const tar = pack();
  const ciphertext = digestStream();
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  const ends = await Promise.allSettled([
    addFiles(tar, files),
    pipeline(bytesOf(tar), encryptor.encrypt(mostBytes), ciphertext, file, { signal }),
  ]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return ciphertext.digest;
}

async function* bytesOf(tar: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of tar) if (chunk instanceof Uint8Array) yield chunk;
}

async function addFiles(tar: Pack, files: readonly OutputFile[]): Promise<void> {
  try {
    for (const { path, name, sizeBytes } of files) {
      const entry = tar.entry({
        name,
        size: sizeBytes,
        mode: 0o644,
        mtime: new Date(0),
        uid: 0,
        gid: 0,
      });
      await pipeline(createReadStream(path), entry);
    }
    tar.finalize();
  } catch (error) {
    tar.destroy(error instanceof Error ? error : undefined);
    throw error;
  }
}
