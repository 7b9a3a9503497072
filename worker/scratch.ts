import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const runDirectory = /^run-(\d+)-[0-9a-f]{8}$/;

/** One command's own directory on the scratch volume. */
export interface Scratch {
  readonly path: string;
  /** Directories of runs that were killed before they could wipe, and are gone now. */
  readonly leftovers: number;
  wipe(): Promise<void>;
}

/**
 * Makes a directory (0700) for one command, named after this process.
 *
 * Directories of processes that are no more are wiped first. One of a process that still runs is
 * left alone: a repeated SSM command may run beside the one it repeats.
 */
export async function openScratch(root: string): Promise<Scratch> {
  const leftovers = (await readdir(root)).filter(isLeftover);
  for (const name of leftovers) await wipe(join(root, name));
  const path = join(root, `run-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  return { path, leftovers: leftovers.length, wipe: () => wipe(path) };
}

/** Makes a directory that nobody else can look into. */
export async function makeDirectory(...parts: string[]): Promise<string> {
  const path = join(...parts);
  await mkdir(path, { mode: 0o700, recursive: true });
  // The mode of mkdir is cut by the process's umask, and does nothing to one that exists.
  await chmod(path, 0o700);
  return path;
}

/** Removes a directory and everything in it, though a process that is being killed may still write. */
export async function wipe(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

function isLeftover(name: string): boolean {
  const pid = runDirectory.exec(name)?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
