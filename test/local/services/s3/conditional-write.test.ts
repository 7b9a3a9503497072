import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { failure, startTestCloud, type TestCloud } from './test-cloud.ts';

/** For the cloud to get as far as a test waits for, on a machine that has other work. */
const patience = { timeout: 4_000 };

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

function put(
  key: string,
  body: string,
  condition: { IfNoneMatch?: string; IfMatch?: string } = {},
) {
  return s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...condition }));
}

/** A PUT whose last byte is sent when `finish` is called. */
function slowPut(key: string, text: string) {
  const { promise, resolve: finish } = Promise.withResolvers<undefined>();
  const body = Readable.from(
    (async function* () {
      yield Buffer.from(text.slice(0, -1));
      await promise;
      yield Buffer.from(text.slice(-1));
    })(),
  );
  const done = cloud.s3Client('Admin').send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentLength: text.length,
      IfNoneMatch: '*',
    }),
  );
  return { done, finish: () => finish(undefined) };
}

async function read(key: string): Promise<string | undefined> {
  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return got.Body?.transformToString();
}

describe('If-None-Match: *', () => {
  test('lets the first through and keeps what it wrote', async () => {
    await put('once', 'first', { IfNoneMatch: '*' });

    const second = await failure(put('once', 'second', { IfNoneMatch: '*' }));

    expect(second).toMatchObject({ name: 'PreconditionFailed', status: 412 });
    expect(await read('once')).toBe('first');
  });

  test('lets exactly one of two PUTs through that are under way at once', async () => {
    const before = (await cloud.files()).length;
    const racers = [slowPut('race', 'one'), slowPut('race', 'two')];
    await vi.waitFor(async () => {
      expect(await cloud.files()).toHaveLength(before + 2);
    }, patience);

    for (const racer of racers) racer.finish();
    const outcomes = await Promise.allSettled(racers.map((racer) => racer.done));

    const won = outcomes.findIndex((outcome) => outcome.status === 'fulfilled');
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await failure(racers[1 - won]!.done)).toMatchObject({ status: 412 });
    expect(await read('race')).toBe(['one', 'two'][won]);
    expect(await cloud.files()).toHaveLength(before + 1);
  });

  test('answers 409 when the key is deleted while the write is under way', async () => {
    const before = (await cloud.files()).length;
    const slow = slowPut('conflict', 'one');
    await vi.waitFor(async () => {
      expect(await cloud.files()).toHaveLength(before + 1);
    }, patience);

    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'conflict' }));
    slow.finish();

    expect(await failure(slow.done)).toMatchObject({
      name: 'ConditionalRequestConflict',
      status: 409,
    });
    expect(await cloud.files()).toHaveLength(before);
  });

  test('takes a key that was deleted before', async () => {
    await put('again', 'one', { IfNoneMatch: '*' });
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'again' }));

    await put('again', 'two', { IfNoneMatch: '*' });

    expect(await read('again')).toBe('two');
  });

  test('holds for copies', async () => {
    await put('source', 'source');
    await put('target', 'target');
    const copy = { Bucket: bucket, CopySource: `${bucket}/source`, IfNoneMatch: '*' };

    const refused = await failure(s3.send(new CopyObjectCommand({ ...copy, Key: 'target' })));
    await s3.send(new CopyObjectCommand({ ...copy, Key: 'target-2' }));

    expect(refused).toMatchObject({ status: 412 });
    expect(await read('target')).toBe('target');
    expect(await read('target-2')).toBe('source');
  });

  test('holds when a multipart upload is completed, and the upload stays', async () => {
    const place = { Bucket: bucket, Key: 'multi' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
    const part = await s3.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'parts' }),
    );
    const complete = () =>
      s3.send(
        new CompleteMultipartUploadCommand({
          ...place,
          UploadId,
          IfNoneMatch: '*',
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.ETag }] },
        }),
      );
    await put('multi', 'in the way');

    const refused = await failure(complete());
    await s3.send(new DeleteObjectCommand(place));
    await complete();

    expect(refused).toMatchObject({ status: 412 });
    expect(await read('multi')).toBe('parts');
  });

  test('refuses an ETag, as S3 does', async () => {
    const error = await failure(put('etag', 'x', { IfNoneMatch: '"abc"' }));

    expect(error).toMatchObject({ name: 'NotImplemented', status: 501 });
  });
});

describe('If-Match', () => {
  test('overwrites only what it names', async () => {
    const { ETag } = await put('match', 'one');

    await put('match', 'two', { IfMatch: ETag });

    expect(await failure(put('match', 'three', { IfMatch: ETag }))).toMatchObject({ status: 412 });
    expect(await read('match')).toBe('two');
  });

  test('answers NoSuchKey where there is nothing', async () => {
    expect(await failure(put('nothing', 'x', { IfMatch: '"abc"' }))).toMatchObject({
      name: 'NoSuchKey',
      status: 404,
    });
  });
});
