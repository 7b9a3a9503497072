import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type * as z from 'zod';
import { ManifestMismatchError } from '../../workflow/model/errors.ts';
import { type BatchPlace, listingKey } from '../../workflow/model/keys.ts';
import { ListingEntry, ManifestHeader } from '../../workflow/model/manifest.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';

/** S3A, where the listing of a batch lies: ids, sizes and digests of ciphertext. */
export interface ListingBucket {
  readonly s3: S3Client;
  readonly bucket: string;
}

/** A line has some 140 characters; one far beyond that is no listing, and would fill the memory. */
const longestLine = 1000;

const missing = new Set(['NoSuchKey', 'NotFound']);

/**
 * Reads a listing's first line without reading on.
 *
 * @throws ManifestMismatchError when there is no listing, or it is not of this batch.
 */
export async function readListingHeader(
  place: BatchPlace,
  from: ListingBucket,
): Promise<ManifestHeader> {
  const lines = readLines(await open(place, from));
  try {
    return await takeHeader(lines, place);
  } finally {
    await lines.return(undefined);
  }
}

/**
 * Reads a listing's entries one by one, in constant memory, and checks the whole of it on the way:
 * its header, the order of its entries, their number.
 *
 * @throws ManifestMismatchError at the first line that is wrong, named by its number.
 */
export async function* readListing(
  place: BatchPlace,
  from: ListingBucket,
): AsyncGenerator<ListingEntry, void> {
  const lines = readLines(await open(place, from));
  const header = await takeHeader(lines, place);
  let count = 0;
  let last = '';
  for await (const line of lines) {
    count += 1;
    const entry = parseLine(ListingEntry, line, count + 1);
    if (entry.objectId <= last) {
      throw new ManifestMismatchError(
        `the listing is not sorted by object id at line ${count + 1}`,
      );
    }
    last = entry.objectId;
    yield entry;
  }
  if (count !== header.objects) {
    throw new ManifestMismatchError(
      `the listing announces ${header.objects} objects and has ${count}`,
    );
  }
}

async function open(place: BatchPlace, { s3, bucket }: ListingBucket): Promise<Readable> {
  try {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: listingKey(place) }),
    );
    if (Body instanceof Readable) return Body;
  } catch (error) {
    if (!isAwsError(error, missing)) throw error;
    throw new ManifestMismatchError('the batch has no listing', { cause: error });
  }
  throw new ManifestMismatchError('the batch has no listing');
}

async function takeHeader(
  lines: AsyncGenerator<string, void>,
  { study, batchId }: BatchPlace,
): Promise<ManifestHeader> {
  const first = await lines.next();
  if (first.done === true) throw new ManifestMismatchError('the listing is empty');
  const header = parseLine(ManifestHeader, first.value, 1);
  if (header.study !== study || header.batchId !== batchId) {
    throw new ManifestMismatchError('the listing is of another study or batch');
  }
  return header;
}

/** Splits a stream into lines. `node:readline` would swallow the stream's error. */
async function* readLines(stream: Readable): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let count = 0;
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield checkLength(line, (count += 1));
    checkLength(rest, count + 1);
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}

function checkLength(line: string, number: number): string {
  if (line.length <= longestLine) return line;
  throw new ManifestMismatchError(`the listing's line ${number} is too long`);
}

/** Neither JSON's message nor the line goes into the error: both would repeat what was sent. */
function parseLine<Schema extends z.ZodType>(
  schema: Schema,
  line: string,
  number: number,
): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  throw new ManifestMismatchError(`the listing's line ${number} has another form than agreed`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
