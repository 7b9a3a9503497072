import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';

/** A tar holds what is not unpacked: it is damaged, no tar, or names something else than new plain files. */
export class UnsafeTarError extends Error {
  override readonly name = 'UnsafeTarError';
  readonly code = 'UnsafeTarError';
}

/** A tar being unpacked: bytes go into `input`, and `names` answers when the last file is written. */
export interface Unpacking {
  readonly input: NodeJS.WritableStream;
  readonly names: Promise<string[]>;
}

/**
 * Unpacks a tar of files into a folder.
 *
 * Links, devices, absolute paths and paths with `..` are refused, and nothing that exists is written
 * to: what named the files was a pipeline. `names` rejects with {@link UnsafeTarError} then.
 */
export function unpackTar(folder: string): Unpacking {
  const input = extract();
  // An entry that was destroyed before it is read would otherwise be waited for without end.
  const broken = new AbortController();
  input.on('error', (error) => broken.abort(error));
  const unpack = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const entry of input) {
      const { name, type } = entry.header;
      if (type !== 'file' || !isInside(name)) throw unsafe('something else than plain files');
      await writeEntry(entry, join(folder, name), broken.signal);
      names.push(name);
    }
    return names.sort();
  };
  const names = unpack().catch((error: unknown) => {
    input.destroy();
    throw isMalformed(error) ? unsafe('what is no tar', error) : error;
  });
  return { input, names };
}

/**
 * Unpacks a tar that lies on disk, as {@link unpackTar} does.
 *
 * @throws UnsafeTarError
 */
export async function unpackTarFile(
  tarPath: string,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const { input, names } = unpackTar(folder);
  const ends = await Promise.allSettled([
    names,
    pipeline(createReadStream(tarPath), input, { signal }),
  ]);
  // A refused entry ends the stream as well; what refused it says more.
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function writeEntry(
  entry: AsyncIterable<unknown>,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await pipeline(entry, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal });
  } catch (error) {
    signal.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST' || code === 'EISDIR' ? unsafe('two files of one name', error) : error;
  }
}

function isInside(name: string): boolean {
  if (name.includes('\0') || name.includes('\\')) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** tar-stream tells what is wrong with a tar in English only. */
function isMalformed(error: unknown): boolean {
  return (
    error instanceof Error && /^(?:Unexpected end of data|Invalid tar header)/.test(error.message)
  );
}

function unsafe(what: string, cause?: unknown): UnsafeTarError {
  return new UnsafeTarError(`the result holds ${what}, and is not unpacked`, { cause });
}
