import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EvidenceError } from '../evidence-error.ts';
import { type LoggedCall, readDelivery, readLines } from './read-access-log.ts';

/** Digests that CloudTrail delivers beside a trail's files: they hold no records. */
const digests = /(?:^|\/)CloudTrail-Digest\//;

/**
 * Reads an access log from where a person keeps it: a file, or a folder of files, those of its
 * subfolders among them, in the order of their names.
 *
 * `.jsonl` is the embedded cloud's; `.json.gz` is CloudTrail's, as `aws s3 sync` copies a trail.
 * Errors call files by their number in that order. Holds one file of CloudTrail's at a time, or one
 * line.
 *
 * @throws EvidenceError for any other file, for one that cannot be read, and where there is none.
 */
export async function* openAccessLog(path: string): AsyncGenerator<LoggedCall> {
  let number = 0;
  for (const file of await filesOf(path)) {
    number += 1;
    const place = `file ${number} of the access log`;
    if (file.endsWith('.jsonl')) yield* readLines(file, place);
    else if (file.endsWith('.json.gz')) yield* readDelivery(file, place);
    else throw new EvidenceError(`${place} is neither .jsonl nor .json.gz`);
  }
}

async function filesOf(path: string): Promise<string[]> {
  let files: string[];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    files = entries.filter((entry) => entry.isFile()).map((one) => join(one.parentPath, one.name));
  } catch (error) {
    // The system's message repeats the path.
    throw new EvidenceError('the access log cannot be opened', { cause: error });
  }
  const kept = files.filter((file) => !digests.test(file)).toSorted();
  if (kept.length === 0) throw new EvidenceError('the folder of the access log has no file');
  return kept;
}
