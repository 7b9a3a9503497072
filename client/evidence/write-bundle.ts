import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { Bundle } from '../../audit/bundle/bundle.ts';
import { UserError } from '../exit-codes.ts';
import { exists, fillFolder } from '../results/private-folder.ts';

/** What is written of a bundle: at least one of the two. */
export interface Wanted {
  readonly folder: boolean;
  readonly zip: boolean;
}

/**
 * Writes a bundle to a folder, and as a zip beside it: each appears whole, or not at all.
 *
 * @throws UserError where one of them exists: evidence is never replaced.
 */
export async function writeBundle(
  out: string,
  { name, files }: Bundle,
  zip: Uint8Array,
  wanted: Wanted,
): Promise<void> {
  const folder = join(out, name);
  const file = `${folder}.zip`;
  for (const path of [...(wanted.folder ? [folder] : []), ...(wanted.zip ? [file] : [])]) {
    if (await exists(path)) throw alreadyThere();
  }
  await mkdir(out, { recursive: true });
  const part = join(out, `.${name}.zip.part-${randomUUID()}`);
  const remove = (): void => rmSync(part, { force: true });
  process.on('exit', remove);
  try {
    if (wanted.zip) await writeFile(part, zip, { flag: 'wx', mode: 0o600 });
    if (wanted.folder) await fillFolder(folder, (to) => writeFiles(to, files), alreadyThere);
    // Unlike a renaming, a link replaces nothing.
    if (wanted.zip) await link(part, file).catch((error: unknown) => undo(error, folder, wanted));
  } finally {
    await rm(part, { force: true });
    process.off('exit', remove);
  }
}

async function writeFiles(to: string, files: Bundle['files']): Promise<void> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await writeFile(join(to, path), content, { flag: 'wx' });
  }
}

async function undo(error: unknown, folder: string, wanted: Wanted): Promise<never> {
  if (wanted.folder) await rm(folder, { recursive: true, force: true });
  const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
  throw isThere ? alreadyThere(error) : error;
}

function alreadyThere(cause?: unknown): UserError {
  return new UserError(
    'cannotWrite',
    'evidence of this run is there already, and is not replaced: choose another folder with --out',
    { cause },
  );
}
