import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type DeleteMarkerEntry,
  type ListObjectsV2CommandInput,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareKeys } from '../../../../local/services/s3/key-order.ts';
import { failure, startTestCloud, type TestCloud } from './test-cloud.ts';

let cloud: TestCloud;
let s3: S3Client;
let bucket: string;

const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'ü', '人', '\u{ffee}', '😀', 'x<&>', 'c d'];

beforeAll(async () => {
  cloud = await startTestCloud();
  s3 = cloud.s3Client('Admin');
  bucket = (await cloud.declare('AWS::S3::Bucket', 'Objects')).ref;
  for (const Key of keys) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }));
  }
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

function list(input: Partial<ListObjectsV2CommandInput> = {}) {
  return s3.send(new ListObjectsV2Command({ Bucket: bucket, ...input }));
}

const byBytes = (left: string, right: string) =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));

test('lists all keys in the order of their UTF-8 bytes', async () => {
  const page = await list();

  expect(page.Contents?.map((object) => object.Key)).toEqual([...keys].sort(byBytes));
  expect(page).toMatchObject({ KeyCount: keys.length, IsTruncated: false });
});

test('orders keys as their UTF-8 bytes do, surrogates included', () => {
  const texts = ['', 'a', 'ab', 'b', '\ud7ff', '\ue000', '\uffff', '😀', '😀a', '\u{10ffff}', 'ä'];

  for (const left of texts) {
    for (const right of texts) {
      expect(Math.sign(compareKeys(left, right))).toBe(byBytes(left, right));
    }
  }
});

test.each([1, 2, 3, 5, 100])('pages of %i hold every key once', async (pageSize) => {
  const seen: (string | undefined)[] = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize }, { Bucket: bucket })) {
    seen.push(...(page.Contents ?? []).map((object) => object.Key));
  }

  expect(seen).toEqual([...keys].sort(byBytes));
});

test.each([1, 2, 100])('pages of %i hold every common prefix once', async (pageSize) => {
  const seen: (string | undefined)[] = [];
  for await (const page of paginateListObjectsV2(
    { client: s3, pageSize },
    { Bucket: bucket, Prefix: 'b', Delimiter: '/' },
  )) {
    seen.push(...(page.Contents ?? []).map((object) => object.Key));
    seen.push(...(page.CommonPrefixes ?? []).map((one) => one.Prefix));
  }

  expect(seen.sort()).toEqual(['b/', 'b0']);
});

test('lists what is under a prefix, folded at the delimiter', async () => {
  const page = await list({ Prefix: 'b/', Delimiter: '/' });

  expect(page.Contents?.map((object) => object.Key)).toEqual(['b/1', 'b/2']);
  expect(page.CommonPrefixes?.map((one) => one.Prefix)).toEqual(['b/c/']);
});

test('starts behind a key', async () => {
  const page = await list({ StartAfter: 'b/2', MaxKeys: 2 });

  expect(page.Contents?.map((object) => object.Key)).toEqual(['b/c/3', 'b0']);
});

test('goes on where it stopped although the last key is gone', async () => {
  const { ref: Bucket } = await cloud.declare('AWS::S3::Bucket', 'Vanishing');
  for (const Key of ['1', '2', '3']) await s3.send(new PutObjectCommand({ Bucket, Key, Body: '' }));
  const first = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2 }));

  await s3.send(new DeleteObjectCommand({ Bucket, Key: '2' }));
  const next = await s3.send(
    new ListObjectsV2Command({ Bucket, ContinuationToken: first.NextContinuationToken }),
  );

  expect(next.Contents?.map((object) => object.Key)).toEqual(['3']);
});

test('writes keys percent-encoded where that is asked for', async () => {
  const page = await list({ EncodingType: 'url', Prefix: 'c ' });

  expect(page.Contents?.map((object) => object.Key)).toEqual(['c%20d']);
});

test('lists nothing for zero keys', async () => {
  expect(await list({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
});

test('refuses a continuation token that it did not write', async () => {
  expect(await failure(list({ ContinuationToken: 'xyz' }))).toMatchObject({
    name: 'InvalidArgument',
  });
});

describe('versions', () => {
  test('are listed newest first, page by page', async () => {
    const { ref: Bucket } = await cloud.declare('AWS::S3::Bucket', 'Versioned', {
      VersioningConfiguration: { Status: 'Enabled' },
    });
    const put = async (Key: string) =>
      (await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))).VersionId;
    const [a1, a2, b1] = [await put('a'), await put('a'), await put('b')];
    const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));

    const pages: (ObjectVersion | DeleteMarkerEntry)[] = [];
    let position: { KeyMarker?: string; VersionIdMarker?: string } = {};
    for (let isTruncated = true; isTruncated;) {
      const page: ListObjectVersionsCommandOutput = await s3.send(
        new ListObjectVersionsCommand({ Bucket, MaxKeys: 1, ...position }),
      );
      pages.push(...(page.Versions ?? []), ...(page.DeleteMarkers ?? []));
      position = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
      isTruncated = page.IsTruncated === true;
    }

    expect(pages.map((version) => [version.Key, version.VersionId, version.IsLatest])).toEqual([
      ['a', marker.VersionId, true],
      ['a', a2, false],
      ['a', a1, false],
      ['b', b1, true],
    ]);
  });
});
