import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BadDataError } from './run-protocol.ts';

/**
 * The partials of a batch, one in each object's directory, sorted.
 *
 * @throws BadDataError NO_PARTIALS or MISSING_PARTIAL
 */
export async function findPartials(input: string, fileName: string): Promise<string[]> {
  const entries = await readdir(input, { withFileTypes: true });
  const partials = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(input, entry.name, fileName))
    .sort();
  if (partials.length === 0) throw new BadDataError('NO_PARTIALS');
  for (const partial of partials) {
    const found = await stat(partial).catch(() => undefined);
    if (!found?.isFile()) throw new BadDataError('MISSING_PARTIAL');
  }
  return partials;
}
