import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import { readListing, readListingHeader } from '../../tasks/listing/listing.ts';
import { batchId } from '../ledger/codes.ts';
import { awsError } from './aws-error.ts';
import { entry, listingOf, putListing, s3 } from './listing-bucket.ts';

const place = { study: 'czarhipaa', batchId: batchId(1) };
const from = { s3: new S3Client({}), bucket: 'ancillary' };
const lines = listingOf(place.batchId, [1, 2, 3]);
const read = () => Array.fromAsync(readListing(place, from));

beforeEach(() => s3.reset());

describe('a listing', () => {
  it.each(['\n', ''])('is read entry by entry, with %j at its end', async (end) => {
    putListing(lines, end);

    expect(await read()).toEqual([1, 2, 3].map(entry));
  });

  it('tells its header without being read on', async () => {
    let asked = 0;
    function* endless() {
      yield Buffer.from(`${lines[0]!}\n`);
      for (; asked < 1000; asked += 1) yield Buffer.from(lines[1]!);
    }
    s3.on(GetObjectCommand).resolves({ Body: Readable.from(endless()) as never });

    const header = await readListingHeader(place, from);

    expect(header).toEqual({ version: 1, ...place, objects: 3 });
    expect(asked).toBeLessThan(50);
  });

  it.each<[string, string[], string]>([
    ['is empty', [], 'the listing is empty'],
    ['has another header', ['{}'], "the listing's line 1 has another form than agreed"],
    ['is of another batch', listingOf(batchId(2), [1]), 'the listing is of another study or batch'],
    ['has less than it announces', lines.slice(0, 3), 'the listing announces 3 objects and has 2'],
    [
      'has more than it announces',
      [...lines, JSON.stringify(entry(4))],
      'the listing announces 3 objects and has 4',
    ],
    [
      'is not sorted',
      [lines[0]!, lines[2]!, lines[1]!, lines[3]!],
      'the listing is not sorted by object id at line 3',
    ],
    [
      'has an object twice',
      [lines[0]!, lines[1]!, lines[1]!, lines[3]!],
      'the listing is not sorted by object id at line 3',
    ],
    [
      'has a line that is no JSON',
      [lines[0]!, 'CANARY Jane Doe'],
      "the listing's line 2 has another form than agreed",
    ],
    [
      'has a field too many',
      [lines[0]!, JSON.stringify({ ...entry(1), name: 'CANARY' })],
      "the listing's line 2 has another form than agreed",
    ],
    [
      'has a line without an end',
      [lines[0]!, 'CANARY'.repeat(1000)],
      "the listing's line 2 is too long",
    ],
  ])('is refused where it %s, by the line and not its text', async (_, bad, message) => {
    putListing(bad, bad.length === 0 ? '' : '\n');

    const failure = await read().catch((error: unknown) => error as Error);

    expect(failure).toMatchObject({ name: 'ManifestMismatchError', message });
  });

  it('is refused where it is missing', async () => {
    s3.on(GetObjectCommand).rejects(awsError('NoSuchKey', { status: 404 }));

    await expect(read()).rejects.toMatchObject({
      name: 'ManifestMismatchError',
      message: 'the batch has no listing',
    });
  });

  it('fails with the error of its stream when the connection breaks', async () => {
    function* broken() {
      yield Buffer.from(`${lines[0]!}\n`);
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    }
    s3.on(GetObjectCommand).resolves({ Body: Readable.from(broken()) as never });

    await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
