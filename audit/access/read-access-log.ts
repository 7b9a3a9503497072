import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import * as z from 'zod';
import { EvidenceError } from '../evidence-error.ts';
import { AccessRecord } from './access-record.ts';

/** Reads the records of a file with one in each line: the embedded cloud's access log. */
export async function* readJsonLines(path: string): AsyncGenerator<AccessRecord> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    number += 1;
    if (line !== '') yield readRecord(line, `line ${number} of the access log`);
  }
}

const Delivery = z.object({ Records: z.array(z.unknown()) });
const decompress = promisify(gunzip);

/**
 * Reads the records of files as CloudTrail delivers them to a bucket: `{"Records": […]}`, gzipped.
 *
 * File by file; CloudTrail delivers one about every five minutes, of a few MiB at most.
 */
export async function* readCloudTrailFiles(
  paths: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<AccessRecord> {
  let number = 0;
  for await (const path of paths) {
    number += 1;
    const place = `file ${number} of CloudTrail's`;
    const text = (await decompress(await readFile(path))).toString();
    const { data } = Delivery.safeParse(parseJson(text, place));
    if (data === undefined) throw new EvidenceError(`${place} has no Records`);
    for (const [index, record] of data.Records.entries()) {
      yield checked(record, `record ${index + 1} in ${place}`);
    }
  }
}

function readRecord(text: string, place: string): AccessRecord {
  return checked(parseJson(text, place), place);
}

function checked(found: unknown, place: string): AccessRecord {
  const { data, error } = AccessRecord.safeParse(found);
  if (data !== undefined) return data;
  throw new EvidenceError(`${place} cannot be read: ${error.issues[0]?.path.join('.') ?? ''}`);
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would repeat what stands there.
    throw new EvidenceError(`${place} is no JSON`);
  }
}
