import { randomUUID } from 'node:crypto';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../runtime/fatal-error.ts';
import { WorkerBrokenError } from '../workflow/model/errors.ts';

/** The scratch volume has no room left. What fills it may be another object's, and pass. */
export class ScratchFullError extends Error {
  override readonly name = 'ScratchFullError';
  readonly code = 'ScratchFullError';
}

const noRoom = new Set(['ENOSPC', 'EDQUOT', 'ScratchFullError']);

/** With less than this a volume counts as full: whoever fails then most likely failed by it. */
const leastBytes = 16 * 2 ** 20;

/** Says whether something failed because the scratch volume is full. */
export const isScratchFull = (error: unknown): boolean => noRoom.has(errorCode(error));

/** Says whether the volume of a directory has next to no room left. */
export async function isNearlyFull(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < leastBytes;
}

/**
 * Writes a file to the scratch volume and removes it.
 *
 * A worker whose disk is read-only, broken or gone would fail every object that it gets, faster than
 * a sound one can take it.
 *
 * @throws WorkerBrokenError where the volume takes none
 */
export async function proveScratch(directory: string): Promise<void> {
  const path = join(directory, `proof-${randomUUID()}`);
  try {
    await writeFile(path, Buffer.alloc(64 * 1024), { flag: 'wx', mode: 0o600, flush: true });
    await rm(path);
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw new WorkerBrokenError(`the scratch volume cannot be used: ${errorCode(error)}`, {
      cause: error,
    });
  }
}
