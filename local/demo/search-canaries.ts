import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Counts how often any of the canaries stands in a text, whatever its case. */
export function countCanaries(text: string, canaries: readonly string[]): number {
  const lower = text.toLowerCase();
  return canaries.reduce((sum, canary) => sum + lower.split(canary.toLowerCase()).length - 1, 0);
}

/**
 * Counts canaries in all files below a folder, their names included, however large they are.
 *
 * Chunks overlap by the longest canary, so that none is missed on a border.
 */
export async function countCanariesBelow(
  folder: string,
  canaries: readonly string[],
): Promise<{ readonly files: number; readonly found: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const overlap = Math.max(...canaries.map(({ length }) => length)) - 1;
  let files = 0;
  let found = 0;
  for (const entry of entries) {
    found += countCanaries(entry.name, canaries);
    if (!entry.isFile()) continue;
    files += 1;
    let tail = '';
    for await (const chunk of createReadStream(join(entry.parentPath, entry.name), 'latin1')) {
      const text = tail + String(chunk);
      found += countCanaries(text, canaries) - countCanaries(tail, canaries);
      tail = text.slice(-overlap);
    }
  }
  return { files, found };
}
