import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failure, startTestCloud, type TestCloud } from './test-cloud.ts';

const MIB = 1024 * 1024;

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

async function begin(key: string, options: { ChecksumAlgorithm?: 'CRC32' | 'SHA256' } = {}) {
  const place = { Bucket: bucket, Key: key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...place, ...options }));
  return {
    UploadId,
    part: (number: number, body: string | Buffer) =>
      s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber: number, Body: body })),
    complete: (...parts: CompletedPart[]) =>
      s3.send(
        new CompleteMultipartUploadCommand({
          ...place,
          UploadId,
          MultipartUpload: { Parts: parts },
        }),
      ),
    abort: () => s3.send(new AbortMultipartUploadCommand({ ...place, UploadId })),
    list: (options: { MaxParts?: number; PartNumberMarker?: string } = {}) =>
      s3.send(new ListPartsCommand({ ...place, UploadId, ...options })),
  };
}

test('lib-storage uploads a long stream of unknown length in parts', async () => {
  const pieces = Array.from({ length: 13 }, (_, index) => Buffer.alloc(MIB, String(index % 10)));

  await new Upload({
    client: s3,
    params: { Bucket: bucket, Key: 'long', Body: Readable.from(pieces) },
    partSize: 5 * MIB,
  }).done();

  const got = await s3.send(
    new GetObjectCommand({ Bucket: bucket, Key: 'long', ChecksumMode: 'ENABLED' }),
  );
  const bytes = Buffer.concat(pieces);
  const md5 = (from: number, to: number) =>
    createHash('md5').update(bytes.subarray(from, to)).digest();
  const parts = Buffer.concat([md5(0, 5 * MIB), md5(5 * MIB, 10 * MIB), md5(10 * MIB, 13 * MIB)]);
  expect(got.ETag).toBe(`"${createHash('md5').update(parts).digest('hex')}-3"`);
  expect(got).toMatchObject({ ChecksumType: 'COMPOSITE', ContentLength: bytes.length });
  expect(got.ChecksumCRC32).toMatch(/-3$/);
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
});

test('answers a range that lies over the border of two parts', async () => {
  const upload = await begin('border');
  const first = await upload.part(1, Buffer.alloc(5 * MIB, 'a'));
  const second = await upload.part(2, 'bbbb');
  await upload.complete({ PartNumber: 1, ETag: first.ETag }, { PartNumber: 2, ETag: second.ETag });

  const got = await s3.send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: 'border',
      Range: `bytes=${5 * MIB - 2}-${5 * MIB + 1}`,
    }),
  );

  expect(await got.Body?.transformToString()).toBe('aabb');
});

test('uses only the parts that are listed, and keeps no byte of the others', async () => {
  const before = (await cloud.files()).length;
  const upload = await begin('some');
  await upload.part(1, 'one');
  const second = await upload.part(2, 'two');

  await upload.complete({ PartNumber: 2, ETag: second.ETag });

  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'some' }));
  expect(await got.Body?.transformToString()).toBe('two');
  expect(await cloud.files()).toHaveLength(before + 1);
});

test('a part that is sent again replaces the first', async () => {
  const upload = await begin('replaced');
  const first = await upload.part(1, 'one');
  const again = await upload.part(1, 'again');

  const refused = await failure(upload.complete({ PartNumber: 1, ETag: first.ETag }));
  await upload.complete({ PartNumber: 1, ETag: again.ETag });

  expect(refused).toMatchObject({ name: 'InvalidPart', status: 400 });
});

test('refuses a list of parts that is not in order', async () => {
  const upload = await begin('order');
  const { ETag } = await upload.part(1, 'one');

  const error = await failure(upload.complete({ PartNumber: 2, ETag }, { PartNumber: 1, ETag }));

  expect(error).toMatchObject({ name: 'InvalidPartOrder' });
});

test('refuses a part under 5 MiB that is not the last', async () => {
  const upload = await begin('small');
  const first = await upload.part(1, 'one');
  const second = await upload.part(2, 'two');

  const error = await failure(
    upload.complete({ PartNumber: 1, ETag: first.ETag }, { PartNumber: 2, ETag: second.ETag }),
  );

  expect(error).toMatchObject({ name: 'EntityTooSmall' });
});

test('wants the checksum of every part when the upload was begun with one', async () => {
  const upload = await begin('sums', { ChecksumAlgorithm: 'SHA256' });
  const part = await s3.send(
    new UploadPartCommand({
      Bucket: bucket,
      Key: 'sums',
      UploadId: upload.UploadId,
      PartNumber: 1,
      Body: 'one',
      ChecksumAlgorithm: 'SHA256',
    }),
  );
  const { ETag, ChecksumSHA256 } = part;

  const without = await failure(upload.complete({ PartNumber: 1, ETag }));
  const wrong = await failure(
    upload.complete({ PartNumber: 1, ETag, ChecksumSHA256: 'x'.repeat(44) }),
  );
  const done = await upload.complete({ PartNumber: 1, ETag, ChecksumSHA256 });

  expect(without).toMatchObject({ name: 'InvalidRequest' });
  expect(wrong).toMatchObject({ name: 'InvalidPart' });
  const raw = createHash('sha256').update('one').digest();
  expect(done.ChecksumSHA256).toBe(`${createHash('sha256').update(raw).digest('base64')}-1`);
});

test('refuses a part with another checksum than the upload was begun with', async () => {
  const upload = await begin('mixed', { ChecksumAlgorithm: 'SHA256' });

  expect(await failure(upload.part(1, 'one'))).toMatchObject({ name: 'InvalidRequest' });
});

test('forgets an aborted upload and its bytes', async () => {
  const before = (await cloud.files()).length;
  const upload = await begin('aborted');
  const { ETag } = await upload.part(1, 'one');

  await upload.abort();

  expect(await cloud.files()).toHaveLength(before);
  const calls = [
    () => upload.part(1, 'one'),
    () => upload.list(),
    () => upload.complete({ PartNumber: 1, ETag }),
  ];
  for (const call of calls) {
    expect(await failure(call())).toMatchObject({ name: 'NoSuchUpload', status: 404 });
  }
});

test('completes an upload once, however many ask', async () => {
  const upload = await begin('twice');
  const { ETag } = await upload.part(1, 'one');

  const outcomes = await Promise.allSettled([
    upload.complete({ PartNumber: 1, ETag }),
    upload.complete({ PartNumber: 1, ETag }),
  ]);

  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('lists parts and uploads page by page', async () => {
  const other = (await cloud.declare('AWS::S3::Bucket', 'Listed')).ref;
  const ids: (string | undefined)[] = [];
  for (const key of ['b', 'a', 'c']) {
    const created = await s3.send(new CreateMultipartUploadCommand({ Bucket: other, Key: key }));
    ids.push(created.UploadId);
  }
  for (const number of [3, 1, 2]) {
    await s3.send(
      new UploadPartCommand({
        Bucket: other,
        Key: 'b',
        UploadId: ids[0],
        PartNumber: number,
        Body: 'x',
      }),
    );
  }
  const listParts = (PartNumberMarker?: string) =>
    s3.send(
      new ListPartsCommand({
        Bucket: other,
        Key: 'b',
        UploadId: ids[0],
        MaxParts: 2,
        PartNumberMarker,
      }),
    );

  const firstParts = await listParts();
  const restParts = await listParts(firstParts.NextPartNumberMarker);
  const first = await s3.send(new ListMultipartUploadsCommand({ Bucket: other, MaxUploads: 2 }));
  const rest = await s3.send(
    new ListMultipartUploadsCommand({
      Bucket: other,
      KeyMarker: first.NextKeyMarker,
      UploadIdMarker: first.NextUploadIdMarker,
    }),
  );

  expect(firstParts.Parts?.map((part) => part.PartNumber)).toEqual([1, 2]);
  expect(restParts.Parts?.map((part) => part.PartNumber)).toEqual([3]);
  expect(restParts.IsTruncated).toBe(false);
  expect(first.Uploads?.map((upload) => upload.Key)).toEqual(['a', 'b']);
  expect(rest.Uploads?.map((upload) => upload.Key)).toEqual(['c']);
});

test('refuses to copy a part by name', async () => {
  const upload = await begin('copied');

  const error = await failure(
    s3.send(
      new UploadPartCopyCommand({
        Bucket: bucket,
        Key: 'copied',
        UploadId: upload.UploadId,
        PartNumber: 1,
        CopySource: `${bucket}/x`,
      }),
    ),
  );

  expect(error).toMatchObject({ name: 'NotImplemented' });
  expect(error.message).toContain('x-amz-copy-source');
});
