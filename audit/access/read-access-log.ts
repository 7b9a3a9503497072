import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import * as z from 'zod';
import { EvidenceError } from '../evidence-error.ts';
import { AccessRecord } from './access-record.ts';

/** A record of an access log: what evidence reads of it, and all that it says. */
export interface LoggedCall {
  readonly record: AccessRecord;
  readonly whole: unknown;
}

/** Reads the records of a file with one in each line: the embedded cloud's access log. */
export async function* readJsonLines(path: string): AsyncGenerator<AccessRecord> {
  for await (const { record } of readLines(path, 'the access log')) yield record;
}

/** Reads such a file with all that its records say; `file` stands for it in errors. */
export async function* readLines(path: string, file: string): AsyncGenerator<LoggedCall> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    number += 1;
    const place = `line ${number} of ${file}`;
    if (line !== '') yield checked(parseJson(line, place), place);
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
    for await (const { record } of readDelivery(path, `file ${number} of CloudTrail's`)) {
      yield record;
    }
  }
}

/** Reads one such file with all that its records say; `file` stands for it in errors. */
export async function* readDelivery(path: string, file: string): AsyncGenerator<LoggedCall> {
  const { data } = Delivery.safeParse(parseJson(await unzip(path, file), file));
  if (data === undefined) throw new EvidenceError(`${file} has no Records`);
  for (const [index, record] of data.Records.entries()) {
    yield checked(record, `record ${index + 1} in ${file}`);
  }
}

async function unzip(path: string, file: string): Promise<string> {
  try {
    return (await decompress(await readFile(path))).toString();
  } catch (error) {
    throw new EvidenceError(`${file} cannot be unpacked`, { cause: error });
  }
}

function checked(whole: unknown, place: string): LoggedCall {
  const { data, error } = AccessRecord.safeParse(whole);
  if (data !== undefined) return { record: data, whole };
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
