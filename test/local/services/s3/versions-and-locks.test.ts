import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../local/clock.ts';
import { failure, startTestCloud, type TestCloud } from './test-cloud.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let cloud: TestCloud;
let s3: S3Client;
let offsetMs = 0;

beforeAll(async () => {
  cloud = await startTestCloud({
    ...systemClock,
    now: () => new Date(Date.now() + offsetMs),
  });
});

beforeEach(() => {
  wait(0);
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

/** Lets so many days pass, for the cloud and for its client. */
function wait(days: number): void {
  offsetMs = days * DAY_MS;
  s3 = cloud.s3Client('Admin', { systemClockOffset: offsetMs });
}

async function read(Bucket: string, Key: string, VersionId?: string) {
  const got = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return got.Body?.transformToString();
}

async function versions(Bucket: string): Promise<number> {
  const page = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  return (page.Versions ?? []).length + (page.DeleteMarkers ?? []).length;
}

describe('a bucket with versions', () => {
  let bucket: string;

  beforeEach(async () => {
    bucket = (
      await cloud.declare('AWS::S3::Bucket', 'Versioned', {
        VersioningConfiguration: { Status: 'Enabled' },
      })
    ).ref;
  });

  const put = (Key: string, Body: string) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  const remove = (Key: string, VersionId?: string) =>
    s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));

  test('keeps what is overwritten', async () => {
    const first = await put('k', 'one');
    await put('k', 'two');

    expect(await read(bucket, 'k')).toBe('two');
    expect(await read(bucket, 'k', first.VersionId)).toBe('one');
  });

  test('hides a deleted object behind a marker, and shows it again when the marker goes', async () => {
    await put('k', 'one');

    const marker = await remove('k');
    const hidden = await failure(read(bucket, 'k'));
    await remove('k', marker.VersionId);

    expect(marker.DeleteMarker).toBe(true);
    expect(hidden).toMatchObject({ name: 'NoSuchKey', status: 404 });
    expect(await read(bucket, 'k')).toBe('one');
  });

  test('refuses to read a marker', async () => {
    await put('k', 'one');
    const marker = await remove('k');

    expect(await failure(read(bucket, 'k', marker.VersionId))).toMatchObject({ status: 405 });
  });

  test('deletes a version for good, bytes included', async () => {
    const before = await cloud.files();
    const { VersionId } = await put('k', 'one');

    await remove('k', VersionId);

    expect(await versions(bucket)).toBe(0);
    expect(await cloud.files()).toEqual(before);
  });

  test('answers NoSuchVersion for a version that is not there', async () => {
    await put('k', 'one');

    expect(await failure(read(bucket, 'k', 'x'))).toMatchObject({
      name: 'NoSuchVersion',
      status: 404,
    });
  });

  test('takes a conditional write of a key whose newest version is a marker', async () => {
    await put('k', 'one');
    await remove('k');

    await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'two', IfNoneMatch: '*' }),
    );

    expect(await read(bucket, 'k')).toBe('two');
  });

  test('deletes many at once', async () => {
    await put('a', '1');
    const { VersionId } = await put('b<&>', '2');

    const answer = await s3.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: [{ Key: 'a' }, { Key: 'b<&>', VersionId }, { Key: ' none\r\n' }] },
      }),
    );

    expect(answer.Deleted).toMatchObject([
      { Key: 'a', DeleteMarker: true },
      { Key: 'b<&>', VersionId },
      { Key: ' none\r\n', DeleteMarker: true },
    ]);
  });
});

describe('a bucket with object lock', () => {
  let bucket: string;

  async function locked(Mode: 'COMPLIANCE' | 'GOVERNANCE'): Promise<void> {
    bucket = (
      await cloud.declare('AWS::S3::Bucket', 'Locked', {
        ObjectLockEnabled: true,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode, Days: 30 } },
        },
      })
    ).ref;
  }

  const put = (input: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'one', ...input }));
  const remove = (VersionId?: string, BypassGovernanceRetention?: boolean) =>
    s3.send(
      new DeleteObjectCommand({ Bucket: bucket, Key: 'k', VersionId, BypassGovernanceRetention }),
    );

  test('keeps a version for the default time, even from an administrator', async () => {
    await locked('COMPLIANCE');
    const { VersionId } = await put();

    wait(29);
    const early = [await failure(remove(VersionId)), await failure(remove(VersionId, true))];
    wait(31);
    await remove(VersionId);

    for (const error of early) expect(error).toMatchObject({ name: 'AccessDenied', status: 403 });
    expect(await versions(bucket)).toBe(0);
  });

  test('lets a marker hide a locked version, which stays', async () => {
    await locked('COMPLIANCE');
    const { VersionId } = await put();

    await remove();

    expect(await read(bucket, 'k', VersionId)).toBe('one');
  });

  test('lets a GOVERNANCE lock be passed by who may and says so', async () => {
    await locked('GOVERNANCE');
    const { VersionId } = await put();
    cloud.addRole('Deleter', { Effect: 'Allow', Action: 's3:DeleteObject*', Resource: '*' });
    const byDeleter = cloud.s3Client('Deleter').send(
      new DeleteObjectCommand({
        Bucket: bucket,
        Key: 'k',
        VersionId,
        BypassGovernanceRetention: true,
      }),
    );

    const refused = [await failure(byDeleter), await failure(remove(VersionId))];
    await remove(VersionId, true);

    expect(refused[0]?.message).toContain('s3:BypassGovernanceRetention');
    expect(refused[1]).toMatchObject({ name: 'AccessDenied' });
  });

  test('keeps a version longer where the upload says so', async () => {
    await locked('GOVERNANCE');
    const until = new Date(Date.now() + 60 * DAY_MS);

    const { VersionId } = await put({
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: until,
    });
    wait(59);

    expect(await failure(remove(VersionId, true))).toMatchObject({ name: 'AccessDenied' });
  });

  test('lets a retention be lengthened and never shortened', async () => {
    await locked('COMPLIANCE');
    await put();
    const retain = (days: number) =>
      s3.send(
        new PutObjectRetentionCommand({
          Bucket: bucket,
          Key: 'k',
          Retention: {
            Mode: 'COMPLIANCE',
            RetainUntilDate: new Date(Date.now() + days * DAY_MS),
          },
        }),
      );

    const shortened = await failure(retain(10));
    await retain(40);

    const { Retention } = await s3.send(
      new GetObjectRetentionCommand({ Bucket: bucket, Key: 'k' }),
    );
    expect(shortened).toMatchObject({ name: 'AccessDenied' });
    expect(Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + 39 * DAY_MS);
  });

  test('keeps a version under legal hold after its time, until the hold ends', async () => {
    await locked('COMPLIANCE');
    const { VersionId } = await put();
    const hold = (Status: 'ON' | 'OFF') =>
      s3.send(new PutObjectLegalHoldCommand({ Bucket: bucket, Key: 'k', LegalHold: { Status } }));
    await hold('ON');

    wait(31);
    const held = await failure(remove(VersionId));
    await hold('OFF');
    await remove(VersionId);

    expect(held).toMatchObject({ name: 'AccessDenied' });
  });

  test('wants a digest with every upload', async () => {
    await locked('COMPLIANCE');
    const client = cloud.s3Client('Admin', { requestChecksumCalculation: 'WHEN_REQUIRED' });
    client.middlewareStack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        for (const name of Object.keys(headers)) {
          if (/checksum|content-md5/i.test(name)) Reflect.deleteProperty(headers, name);
        }
        return next(args);
      },
      { step: 'build', priority: 'low' },
    );

    const error = await failure(
      client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' })),
    );

    expect(error).toMatchObject({ name: 'InvalidRequest', status: 400 });
  });
});

test('a bucket without object lock refuses locks', async () => {
  const { ref: Bucket } = await cloud.declare('AWS::S3::Bucket', 'Unlocked');

  const error = await failure(
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ObjectLockLegalHoldStatus: 'ON' })),
  );

  expect(error).toMatchObject({ name: 'InvalidRequest' });
});
