import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { UserError } from '../exit-codes.ts';

/** Who holds a lock. A home folder may be shared, so a process is one of a machine. */
const Owner = z.strictObject({ pid: z.int().min(1), host: z.string(), token: z.string() });
type Owner = z.infer<typeof Owner>;

/**
 * Locks a batch's folder for this process: two uploads of one batch would seal halves.
 *
 * The lock of a process that is gone is taken over. The file appears with its content at once, so
 * that nobody reads half of it.
 *
 * @returns the function that unlocks it.
 * @throws UserError where another process holds it.
 */
export function lockBatch(directory: string): () => void {
  const path = join(directory, 'lock');
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  const mine = join(directory, `lock.${owner.token}`);
  writeFileSync(mine, JSON.stringify(owner), { mode: 0o600, flush: true });
  try {
    while (!link(mine, path)) {
      const other = readOwner(path);
      if (other === undefined) continue;
      if (isAlive(other)) throw lockedByOthers(other);
      setAside(path, other, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => {
    if (readOwner(path)?.token === owner.token) rmSync(path, { force: true });
  };
}

/** Takes the lock if there is none: linking fails where the name is taken. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return Owner.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(
      'cannotWrite',
      'the lock of this batch on this machine is damaged: delete it',
      {
        cause: error,
      },
    );
  }
}

/** Removes a stale lock; one that somebody else took meanwhile is put back. */
function setAside(path: string, stale: Owner, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readOwner(aside)?.token !== stale.token) link(aside, path);
  rmSync(aside, { force: true });
}

/** A process of another machine cannot be asked, and counts as alive. */
function isAlive({ pid, host }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function lockedByOthers({ host }: Owner): UserError {
  const where = host === hostname() ? 'this machine' : 'another machine with the same home folder';
  return new UserError(
    'tryAgain',
    `another czar upload of this batch runs on ${where}; if none does, delete the file lock in the batch's folder of czar's state`,
  );
}
