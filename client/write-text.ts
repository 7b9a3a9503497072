import { writeFile } from 'node:fs/promises';
import { UserError } from './exit-codes.ts';

/**
 * Writes what a command made to the file of its `--to`, which is replaced.
 *
 * @throws UserError where it cannot be written.
 */
export async function writeText(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    // The system's message repeats the path.
    throw new UserError('cannotWrite', 'the file of --to cannot be written', { cause: error });
  }
}
