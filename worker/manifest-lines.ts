import type * as z from 'zod';
import { ManifestMismatchError } from '../workflow/model/errors.ts';
import type { BatchPlace } from '../workflow/model/keys.ts';
import { ManifestEntry, ManifestHeader } from '../workflow/model/manifest.ts';

/**
 * Bytes of a line, its end included: a name of 1024 characters, each escaped in six bytes, and
 * some 400 of fields. A longer line is no manifest's, and would fill the memory.
 */
export const longestLine = 8 * 1024;

const writtenAtOnce = 64 * 1024;
const newline = 10;

/**
 * Splits bytes into lines without their ends, of at most {@link longestLine}.
 *
 * `node:readline` also splits at letters that JSON leaves unescaped.
 *
 * @throws ManifestMismatchError where a line is too long
 */
export async function* readLines(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(newline, start);
      if (end < 0) break;
      yield checkLength(bytes.subarray(start, end));
      start = end + 1;
    }
    rest = checkLength(bytes.subarray(start));
  }
  if (rest.length > 0) yield rest;
}

/**
 * Passes a manifest's entries on, one a line, and checks header, order, form and number.
 *
 * @throws ManifestMismatchError naming the line and never what is in it
 */
export async function* checkManifest(
  source: AsyncIterable<Buffer>,
  place: BatchPlace,
): AsyncGenerator<Buffer> {
  let announced: number | undefined;
  let count = 0;
  let last = '';
  let checked: Buffer[] = [];
  let checkedBytes = 0;
  for await (const line of readLines(source)) {
    if (announced === undefined) {
      announced = readHeader(line, place);
      continue;
    }
    count += 1;
    const { objectId } = parseLine(ManifestEntry, line, count + 1);
    if (objectId <= last) {
      throw new ManifestMismatchError(
        `the manifest is not sorted by object id at line ${count + 1}`,
      );
    }
    last = objectId;
    checked.push(line, Buffer.from('\n'));
    checkedBytes += line.length + 1;
    if (checkedBytes < writtenAtOnce) continue;
    yield Buffer.concat(checked);
    checked = [];
    checkedBytes = 0;
  }
  if (count !== announced) {
    throw new ManifestMismatchError(
      `the manifest announces ${announced ?? 'no'} objects and has ${count}`,
    );
  }
  yield Buffer.concat(checked);
}

/** Reads one entry that was checked before. */
export function readEntry(line: Buffer): ManifestEntry {
  return ManifestEntry.parse(JSON.parse(line.toString()));
}

function readHeader(line: Buffer, { study, batchId }: BatchPlace): number {
  const header = parseLine(ManifestHeader, line, 1);
  if (header.study !== study || header.batchId !== batchId) {
    throw new ManifestMismatchError('the manifest is of another study or batch');
  }
  return header.objects;
}

function parseLine<Schema extends z.ZodType>(
  schema: Schema,
  line: Buffer,
  number: number,
): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  // Field names only: a message could repeat a name that was sent.
  const fields = parsed.error.issues.map(({ path }) => path.join('.') || 'the line').join(', ');
  throw new ManifestMismatchError(`the manifest is malformed at line ${number}: ${fields}`);
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString());
  } catch {
    return undefined;
  }
}

function checkLength(line: Buffer): Buffer {
  if (line.length < longestLine) return line;
  throw new ManifestMismatchError(`the manifest has a line of more than ${longestLine} bytes`);
}
