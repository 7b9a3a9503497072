import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Counts how often any of the canaries stands in a text, whatever its case. */
export function countCanaries(text: string, canaries: readonly string[]): number {
  return countMatches(text, anyOf(canaries));
}

/**
 * Counts canaries in all files below a folder, their names included, however large they are.
 *
 * Chunks overlap by the longest canary, so that none is missed on a border. Of canaries that overlap
 * each other one is counted.
 */
export async function countCanariesBelow(
  folder: string,
  canaries: readonly string[],
): Promise<{ readonly files: number; readonly found: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const canary = anyOf(canaries);
  const overlap = Math.max(...canaries.map(({ length }) => length)) - 1;
  let files = 0;
  let found = 0;
  for (const entry of entries) {
    found += countMatches(entry.name, canary);
    if (!entry.isFile()) continue;
    files += 1;
    let tail = '';
    for await (const chunk of createReadStream(join(entry.parentPath, entry.name), 'latin1')) {
      const text = tail + String(chunk);
      found += countMatches(text, canary) - countMatches(tail, canary);
      tail = text.slice(Math.max(0, text.length - overlap));
    }
  }
  return { files, found };
}

/** All of them in one expression: hundreds are searched for as fast as one. */
function anyOf(canaries: readonly string[]): RegExp {
  if (canaries.length === 0 || canaries.includes('')) {
    throw new RangeError('a search needs canaries, none of them empty');
  }
  const literals = canaries.map((canary) => canary.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(literals.join('|'), 'gi');
}

function countMatches(text: string, pattern: RegExp): number {
  let found = 0;
  pattern.lastIndex = 0;
  while (pattern.test(text)) found += 1;
  return found;
}
