import {
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failure, startTestCloud, type TestCloud } from './test-cloud.ts';

let cloud: TestCloud;
let s3: S3Client;
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

function put(input: Partial<PutObjectCommandInput>, client = s3) {
  return client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'hello', ...input }));
}

/** A client whose requests reach the cloud with one byte changed, after they were signed. */
function clientThatFlips(flip: (bytes: Buffer) => Buffer): S3Client {
  const client = cloud.s3Client('Admin');
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: Readable };
      request.body = request.body.pipe(
        new Transform({
          transform(chunk: Buffer, _encoding, callback) {
            callback(null, flip(Buffer.from(chunk)));
          },
        }),
      );
      return next(args);
    },
    { step: 'deserialize', priority: 'high' },
  );
  return client;
}

test.each([
  ['CRC32', 'NhCmhg=='],
  ['CRC32C', 'mnG7TA=='],
  ['SHA1', createHash('sha1').update('hello').digest('base64')],
  ['SHA256', createHash('sha256').update('hello').digest('base64')],
] as const)('stores and answers %s, sent in a header', async (algorithm, value) => {
  const sent = await put({ ChecksumAlgorithm: algorithm });

  const got = await s3.send(
    new GetObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' }),
  );
  expect(sent).toMatchObject({ [`Checksum${algorithm}`]: value });
  expect(got).toMatchObject({ [`Checksum${algorithm}`]: value, ChecksumType: 'FULL_OBJECT' });
});

test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
  'verifies %s, sent in a trailer',
  async (algorithm) => {
    const body = () => Readable.from([Buffer.from('hello')]);
    const flipping = clientThatFlips((bytes) => {
      const at = bytes.indexOf('hello');
      if (at >= 0) bytes[at] = 0x48;
      return bytes;
    });

    const sent = await put({ Body: body(), ContentLength: 5, ChecksumAlgorithm: algorithm });
    const flipped = put(
      { Key: 'flipped', Body: body(), ContentLength: 5, ChecksumAlgorithm: algorithm },
      flipping,
    );

    expect(sent).toHaveProperty(`Checksum${algorithm}`);
    expect(await failure(flipped)).toMatchObject({ name: 'BadDigest', status: 400 });
  },
);

test('stores nothing of a body with a flipped byte', async () => {
  const before = await cloud.files();
  const flipping = clientThatFlips((bytes) => {
    const at = bytes.indexOf('world');
    if (at >= 0) bytes[at] = 0x57;
    return bytes;
  });

  const body = Readable.from([Buffer.from('hello '), Buffer.from('world')]);
  await failure(put({ Key: 'flipped', Body: body, ContentLength: 11 }, flipping));

  expect(await cloud.files()).toEqual(before);
  const got = s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'flipped' }));
  expect(await failure(got)).toMatchObject({ name: 'NoSuchKey' });
});

test.each([
  ['a checksum', { ChecksumCRC32: 'AAAAAA==' }, 'BadDigest'],
  ['another checksum', { ChecksumSHA256: createHash('sha256').digest('base64') }, 'BadDigest'],
  ['Content-MD5', { ContentMD5: createHash('md5').digest('base64') }, 'BadDigest'],
  ['Content-MD5 that is none', { ContentMD5: 'AAAA' }, 'InvalidDigest'],
])('refuses a body that does not fit %s', async (_what, input, name) => {
  expect(await failure(put(input))).toMatchObject({ name, status: 400 });
});

test('accepts the right Content-MD5', async () => {
  const sent = await put({ ContentMD5: createHash('md5').update('hello').digest('base64') });

  expect(sent.$metadata.httpStatusCode).toBe(200);
});

test('refuses CRC64NVME by name', async () => {
  const error = await failure(put({ ChecksumCRC64NVME: 'AAAAAAAAAAA=' }));

  expect(error).toMatchObject({ name: 'NotImplemented', status: 501 });
  expect(error.message).toContain('x-amz-checksum-crc64nvme');
});

test('answers no checksum for a part of an object, as it would not fit', async () => {
  await put({});

  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', Range: 'bytes=1-2' }));

  expect(got.ChecksumCRC32).toBeUndefined();
  expect(await got.Body?.transformToString()).toBe('el');
});

test('the client notices a byte that changes on disk', async () => {
  const { appendFile, truncate } = await import('node:fs/promises');
  const before = new Set(await cloud.files());
  await put({ Key: 'rotten' });
  const file = (await cloud.files()).find((name) => !before.has(name)) ?? '';
  await truncate(`${cloud.directory}/s3/${file}`, 4);
  await appendFile(`${cloud.directory}/s3/${file}`, 'O');

  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'rotten' }));

  await expect(got.Body?.transformToString()).rejects.toThrow(/checksum/i);
});
