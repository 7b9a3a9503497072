import { rmSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { UserError } from '../exit-codes.ts';

/**
 * Fills a folder that must not exist yet: it appears with everything in it, or not at all.
 *
 * Until then, what is in it lies in a folder beside it that nobody else can read; that is removed
 * on any failure, and also where a second Ctrl-C ends the process.
 *
 * @throws UserError where the folder exists, before `fill` is called; or came to exist meanwhile:
 *   what `refusal` makes.
 */
export async function fillFolder<Filled>(
  folder: string,
  fill: (part: string) => Promise<Filled>,
  refusal: (cause?: unknown) => UserError = folderExists,
): Promise<Filled> {
  if (await exists(folder)) throw refusal();
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const part = await mkdtemp(`${folder}.part-`);
  const remove = (): void => rmSync(part, { recursive: true, force: true });
  process.on('exit', remove);
  try {
    const filled = await fill(part);
    await publish(part, folder, refusal);
    return filled;
  } finally {
    await rm(part, { recursive: true, force: true });
    process.off('exit', remove);
  }
}

/** Making the folder is what decides: it fails where another process was faster. */
async function publish(
  part: string,
  folder: string,
  refusal: (cause?: unknown) => UserError,
): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw refusal(error);
    throw error;
  }
  try {
    await rename(part, folder);
  } catch (error) {
    await rmdir(folder).catch(() => undefined);
    throw refusal(error);
  }
}

/** Whether anything is at a path: a link that leads nowhere, too. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function folderExists(cause?: unknown): UserError {
  return new UserError(
    'badInput',
    'the folder for the results exists already: choose another with --to',
    { cause },
  );
}
