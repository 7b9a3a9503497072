import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFiles } from '../bundle/bundle.ts';
import { EvidenceError } from '../evidence-error.ts';

/** A bundle as it lies on the disk. */
export type OpenedBundle =
  | { readonly container: 'zip'; readonly bytes: Uint8Array }
  | {
      readonly container: 'folder';
      readonly files: ReadonlyMap<string, Uint8Array>;
      /** What is in the folder besides. */
      readonly strangers: readonly string[];
    };

/** More than any bundle: a record of a million objects could not be read as one text. */
const mostBytes = 2 ** 30;

/**
 * Reads a bundle: a zip, or a folder.
 *
 * Of a folder, only files with the names of a bundle's are opened, and no link is followed; anything
 * else, empty folders too, is told by its number and place.
 *
 * @throws EvidenceError where there is none, or more than a bundle can be.
 */
export async function openBundle(path: string): Promise<OpenedBundle> {
  const found = await stat(path).catch((error: unknown) => {
    // The system's message repeats the path.
    throw new EvidenceError('there is no such folder or zip', { cause: error });
  });
  if (found.isDirectory()) return { container: 'folder', ...(await readFolder(path)) };
  return { container: 'zip', bytes: await readPlain(path, mostBytes, 0) };
}

async function readFolder(path: string) {
  const files = new Map<string, Uint8Array>();
  const strangers: string[] = [];
  let left = mostBytes;
  for (const folder of ['', 'data/']) {
    const entries = await readdir(join(path, folder), { withFileTypes: true }).catch(() => []);
    let others = 0;
    for (const entry of entries) {
      const name = folder + entry.name;
      if (name === 'data' && entry.isDirectory()) continue;
      if (!bundleFiles.includes(name)) others += 1;
      else if (!entry.isFile()) strangers.push(`${name} is not a plain file`);
      else {
        const content = await readPlain(join(path, name), left, constants.O_NOFOLLOW);
        left -= content.length;
        files.set(name, content);
      }
    }
    const place = folder === '' ? 'the folder itself' : folder;
    if (others > 0) strangers.push(`${place} holds ${others} that no bundle has`);
  }
  return { files, strangers };
}

async function readPlain(path: string, most: number, flags: number): Promise<Uint8Array> {
  // Opening a pipe would wait for somebody to write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new EvidenceError('it is neither a folder nor a plain file');
    if (found.size > most) throw new EvidenceError('it is larger than a bundle can be (1 GiB)');
    return await file.readFile();
  } finally {
    await file.close();
  }
}
