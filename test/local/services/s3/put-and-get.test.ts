import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { failure, startTestCloud, type TestCloud } from './test-cloud.ts';

/** For the cloud to get as far as a test waits for, on a machine that has other work. */
const patience = { timeout: 4_000 };

let cloud: TestCloud;
let s3: ReturnType<TestCloud['s3Client']>;
let bucket: string;

beforeAll(async () => {
  cloud = await startTestCloud();
  s3 = cloud.s3Client('Admin');
  bucket = (await cloud.declare('AWS::S3::Bucket', 'Objects')).ref;
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

function put(key: string, body: string | Buffer = 'body') {
  return s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
}

async function get(key: string, range?: string): Promise<string | undefined> {
  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }));
  return got.Body?.transformToString();
}

test('answers an object as it was put, with its metadata, type, ETag and checksum', async () => {
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: 'described',
      Body: Buffer.from('hello'),
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      Metadata: { study: 'x' },
    }),
  );

  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'described' }));

  expect(await got.Body?.transformToString()).toBe('hello');
  expect(got).toMatchObject({
    ContentType: 'text/plain',
    CacheControl: 'no-store',
    ContentLength: 5,
    ETag: '"5d41402abc4b2a76b9719d911017c592"',
    Metadata: { study: 'x' },
    ServerSideEncryption: 'AES256',
    ChecksumCRC32: 'NhCmhg==',
    ChecksumType: 'FULL_OBJECT',
  });
});

test('describes an object without its body', async () => {
  await put('head', 'hello');

  const head = await s3.send(
    new HeadObjectCommand({ Bucket: bucket, Key: 'head', ChecksumMode: 'ENABLED' }),
  );

  expect(head).toMatchObject({ ContentLength: 5, ChecksumCRC32: 'NhCmhg==' });
});

test('takes an empty object', async () => {
  await put('empty', '');

  expect(await get('empty')).toBe('');
});

test('overwrites in a bucket without versions and leaves no bytes of the old object', async () => {
  await put('over', 'one');
  const before = (await cloud.files()).length;

  await put('over', 'two');

  expect(await get('over')).toBe('two');
  expect(await cloud.files()).toHaveLength(before);
});

test('takes a stream of unknown length through lib-storage in one part', async () => {
  const body = Readable.from(['one ', 'two ', 'three']);

  await new Upload({ client: s3, params: { Bucket: bucket, Key: 'stream', Body: body } }).done();

  expect(await get('stream')).toBe('one two three');
});

test('takes a stream with its length as aws-chunked with a trailing checksum', async () => {
  const bytes = Buffer.alloc(3 * 1024 * 1024, 'abc');
  const body = Readable.from([bytes.subarray(0, 1_000_001), bytes.subarray(1_000_001)]);

  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: 'chunked',
      Body: body,
      ContentLength: bytes.length,
      ContentEncoding: 'gzip',
    }),
  );

  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'chunked' }));
  expect(got.ETag).toBe(`"${createHash('md5').update(bytes).digest('hex')}"`);
  expect(got.ContentEncoding).toBe('gzip');
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
});

test.each([
  ['spaces and plus', 'a b+c'],
  ['markup', '<&>"\'.txt'],
  ['percent', '100%/50%25'],
  ['other scripts', 'größe/人/😀'],
  ['empty segments', '//a//b/'],
  ['query characters', 'a?b=c#d;e'],
])('takes keys with %s', async (_what, key) => {
  await put(key, key);

  expect(await get(key)).toBe(key);
});

test('refuses a key of more than 1024 bytes', async () => {
  expect(await failure(put('k'.repeat(1025)))).toMatchObject({ name: 'KeyTooLongError' });
});

describe('ranges', () => {
  test.each([
    ['bytes=0-3', 'abcd', 'bytes 0-3/10'],
    ['bytes=4-', 'efghij', 'bytes 4-9/10'],
    ['bytes=-2', 'ij', 'bytes 8-9/10'],
    ['bytes=8-99', 'ij', 'bytes 8-9/10'],
    ['bytes=-99', 'abcdefghij', 'bytes 0-9/10'],
  ])('answers %s', async (range, expected, contentRange) => {
    await put('alphabet', 'abcdefghij');

    const got = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: 'alphabet', Range: range }),
    );

    expect(got.$metadata.httpStatusCode).toBe(206);
    expect(got.ContentRange).toBe(contentRange);
    expect(await got.Body?.transformToString()).toBe(expected);
  });

  test.each(['bytes=10-', 'bytes=-0'])('refuses %s of ten bytes', async (range) => {
    await put('alphabet', 'abcdefghij');

    const error = await failure(get('alphabet', range));

    expect(error).toMatchObject({ name: 'InvalidRange', status: 416 });
  });

  test('answers all for a range that is none', async () => {
    await put('alphabet', 'abcdefghij');

    expect(await get('alphabet', 'bytes=5-2')).toBe('abcdefghij');
  });

  test('refuses several ranges by name', async () => {
    await put('alphabet', 'abcdefghij');

    expect(await failure(get('alphabet', 'bytes=0-1,3-4'))).toMatchObject({
      name: 'NotImplemented',
      status: 501,
    });
  });
});

describe('conditional reads', () => {
  const etag = createHash('md5').update('body').digest('hex');
  const past = new Date('2020-01-01T00:00:00Z');
  const future = new Date(Date.now() + 3600_000);

  test.each([
    ['IfMatch of its ETag', { IfMatch: `"${etag}"` }, 200],
    ['IfMatch of another', { IfMatch: '"x"' }, 412],
    ['IfNoneMatch of its ETag', { IfNoneMatch: `"${etag}"` }, 304],
    ['IfNoneMatch of another', { IfNoneMatch: '"x"' }, 200],
    ['IfModifiedSince before', { IfModifiedSince: past }, 200],
    ['IfModifiedSince after', { IfModifiedSince: future }, 304],
    ['IfUnmodifiedSince before', { IfUnmodifiedSince: past }, 412],
    ['IfMatch over IfUnmodifiedSince', { IfMatch: etag, IfUnmodifiedSince: past }, 200],
    ['IfNoneMatch over IfModifiedSince', { IfNoneMatch: '"x"', IfModifiedSince: future }, 200],
  ])('answers %s', async (_what, condition, status) => {
    await put('conditional');

    const call = s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: 'conditional', ...condition }),
    );

    const outcome =
      status === 200 ? (await call).$metadata.httpStatusCode : (await failure(call)).status;
    expect(outcome).toBe(status);
  });
});

test('finishes reading an object that is overwritten meanwhile', async () => {
  const bytes = Buffer.alloc(8 * 1024 * 1024, 'x');
  await put('slow', bytes);
  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'slow' }));

  await put('slow', 'new');

  expect((await got.Body?.transformToByteArray())?.length).toBe(bytes.length);
  expect(await get('slow')).toBe('new');
});

test('leaves no object and no file when the client goes away in the middle', async () => {
  const before = await cloud.files();
  const controller = new AbortController();
  const body = Readable.from(
    (async function* () {
      yield Buffer.alloc(1024 * 1024);
      await vi.waitFor(async () => {
        expect(await cloud.files()).toHaveLength(before.length + 1);
      }, patience);
      controller.abort();
      await delay(5_000, undefined, { ref: false });
    })(),
  );

  const upload = s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: 'gone', Body: body, ContentLength: 9_000_000 }),
    { abortSignal: controller.signal },
  );

  expect(await failure(upload)).toMatchObject({ name: 'AbortError' });
  await vi.waitFor(async () => {
    expect((await cloud.files()).sort()).toEqual(before.sort());
  }, patience);
  expect(await failure(get('gone'))).toMatchObject({ name: 'NoSuchKey', status: 404 });
});

test.each([
  ['tagging', { Tagging: 'a=b' }, 'x-amz-tagging'],
  ['storage classes', { StorageClass: 'GLACIER' }, 'GLACIER'],
  ['website redirection', { WebsiteRedirectLocation: '/' }, 'x-amz-website-redirect-location'],
  [
    'keys of customers',
    { SSECustomerAlgorithm: 'AES256' },
    'x-amz-server-side-encryption-customer',
  ],
  ['double encryption', { ServerSideEncryption: 'aws:kms:dsse' }, 'aws:kms:dsse'],
] as const)('refuses by name what it does not support: %s', async (_what, input, named) => {
  const error = await failure(
    s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ...input })),
  );

  expect(error).toMatchObject({ name: 'NotImplemented', status: 501 });
  expect(error.message).toContain(named);
});

test('refuses to answer one part of an object by name', async () => {
  await put('parts');

  const error = await failure(
    s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'parts', PartNumber: 1 })),
  );

  expect(error.message).toBe(
    'S3 GetObject: parameter partNumber is not supported by the embedded cloud',
  );
});

test('refuses ACLs as a bucket without them does', async () => {
  const call = s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ACL: 'public-read' }),
  );

  expect(await failure(call)).toMatchObject({ name: 'AccessControlListNotSupported' });
});

test('answers NoSuchBucket for a bucket that is not there', async () => {
  const call = s3.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'k' }));

  expect(await failure(call)).toMatchObject({ name: 'NoSuchBucket', status: 404 });
});

test('serves a seeded asset without copying it, and leaves the file alone', async () => {
  const Bucket = 'cdk-hnb659fds-assets-111122223333-us-east-1';
  const file = join(cloud.directory, 'asset.zip');
  await writeFile(file, 'asset');
  await cloud.s3.seedAsset(Bucket, 'f00d.zip', file);

  const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'f00d.zip' }));
  const body = await got.Body?.transformToString();
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'f00d.zip' }));

  expect(body).toBe('asset');
  expect(await readFile(file, 'utf8')).toBe('asset');
});
