import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { generatedBucketName } from '../../../../local/services/s3/bucket-list.ts';
import { failure, startTestCloud, type TestCloud } from './test-cloud.ts';

let cloud: TestCloud;
let s3: S3Client;

beforeAll(async () => {
  cloud = await startTestCloud();
  s3 = cloud.s3Client('Admin');
});

beforeEach(() => {
  cloud.events.length = 0;
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

describe('a bucket of a template', () => {
  test('is made with all that the product declares, and tells it', async () => {
    const key = await cloud.declare('AWS::KMS::Key', 'Key');

    const { ref: Bucket, arn } = await cloud.declare('AWS::S3::Bucket', 'Logs', {
      BucketName: 'my-logs',
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key.arn },
          },
        ],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: {
        Rules: [{ Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
      },
      LoggingConfiguration: { DestinationBucketName: 'other', LogFilePrefix: 'access/' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Years: 1 } },
      },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      Tags: [{ Key: 'role', Value: 'S3L' }],
    });
    const policy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    };
    await cloud.declare('AWS::S3::BucketPolicy', 'LogsPolicy', { Bucket, PolicyDocument: policy });

    expect(Bucket).toBe('my-logs');
    expect(await s3.send(new HeadBucketCommand({ Bucket }))).toMatchObject({
      BucketRegion: 'us-east-1',
    });
    expect(await s3.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({
      Status: 'Enabled',
    });
    expect(await s3.send(new GetBucketEncryptionCommand({ Bucket }))).toMatchObject({
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: key.arn,
            },
            BucketKeyEnabled: true,
          },
        ],
      },
    });
    expect(await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).toMatchObject({
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
    });
    expect(await s3.send(new GetObjectLockConfigurationCommand({ Bucket }))).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 365 } } },
    });
    const { Policy = '' } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
    expect(JSON.parse(Policy)).toEqual(policy);
    const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket }));
    expect(LocationConstraint ?? '').toBe('');
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map((bucket) => bucket.Name)).toContain('my-logs');
  });

  test('gets a name of its own when it has none', () => {
    const name = generatedBucketName('czarhipaa-Data', 'InputBucket0A1B2C3D');
    const long = generatedBucketName('s'.repeat(100), 'L'.repeat(100));

    expect(name).toMatch(/^czarhipaa-data-inputbucket0a1b2c3d-[0-9a-f]{12}$/);
    expect(long).toMatch(/^[a-z0-9-]{1,63}$/);
    expect(generatedBucketName('a', 'b')).not.toBe(generatedBucketName('a', 'b'));
  });

  test.each([
    ['WebsiteConfiguration', { WebsiteConfiguration: { IndexDocument: 'x' } }],
    ['AccessControl', { AccessControl: 'PublicRead' }],
    [
      'NotificationConfiguration.LambdaConfigurations',
      { NotificationConfiguration: { LambdaConfigurations: [] } },
    ],
    ['PublicAccessBlockConfiguration.Other', { PublicAccessBlockConfiguration: { Other: true } }],
  ])('is refused with a property it does not support: %s', async (path, properties) => {
    await expect(cloud.declare('AWS::S3::Bucket', 'Odd', properties)).rejects.toThrow(
      `Test-Data/Odd (AWS::S3::Bucket): ${path} is not supported by the embedded cloud`,
    );
  });

  test('is refused under a name that is taken', async () => {
    await cloud.declare('AWS::S3::Bucket', 'One', { BucketName: 'taken' });

    await expect(
      cloud.declare('AWS::S3::Bucket', 'Two', { BucketName: 'taken' }),
    ).rejects.toMatchObject({ code: 'BucketAlreadyOwnedByYou' });
  });

  test('is refused with a policy that could only be understood in part', async () => {
    const { ref: Bucket, arn } = await cloud.declare('AWS::S3::Bucket', 'Half');

    await expect(
      cloud.declare('AWS::S3::BucketPolicy', 'HalfPolicy', {
        Bucket,
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Deny', NotPrincipal: { AWS: '*' }, Action: 's3:*', Resource: arn },
          ],
        },
      }),
    ).rejects.toThrow('NotPrincipal');
  });

  test('cannot be changed by a call', async () => {
    const { ref: Bucket } = await cloud.declare('AWS::S3::Bucket', 'Fixed');

    const error = await failure(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' })));

    expect(error).toMatchObject({ name: 'NotImplemented', status: 501 });
    expect(error.message).toContain('policy');
  });
});

describe('events', () => {
  const notifying = { NotificationConfiguration: { EventBridgeConfiguration: {} } };

  test('tell EventBridge of every object that is made, in its own words', async () => {
    const { ref: Bucket, arn } = await cloud.declare('AWS::S3::Bucket', 'Loud', {
      ...notifying,
      VersioningConfiguration: { Status: 'Enabled' },
    });

    const put = await s3.send(new PutObjectCommand({ Bucket, Key: 'in/a b+c', Body: 'hello' }));
    await s3.send(
      new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/in/a%20b%2Bc` }),
    );

    expect(cloud.events).toMatchObject([
      {
        source: 'aws.s3',
        detailType: 'Object Created',
        resources: [arn],
        detail: {
          version: '0',
          bucket: { name: Bucket },
          object: {
            key: 'in/a b+c',
            size: 5,
            etag: '5d41402abc4b2a76b9719d911017c592',
            'version-id': put.VersionId,
          },
          'request-id': put.$metadata.requestId,
          requester: '111122223333',
          reason: 'PutObject',
        },
      },
      { detail: { object: { key: 'copy' }, reason: 'CopyObject' } },
    ]);
    const [first = '', second = ''] = cloud.events.map(
      (event) => (event.detail.object as { sequencer: string }).sequencer,
    );
    expect(first < second).toBe(true);
  });

  test('tell of deletions', async () => {
    const { ref: Bucket } = await cloud.declare('AWS::S3::Bucket', 'Loud', notifying);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));

    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));

    expect(cloud.events.slice(1)).toMatchObject([
      { detailType: 'Object Deleted', detail: { 'deletion-type': 'Permanently Deleted' } },
    ]);
  });

  test('are not sent by a bucket that does not want them, nor for a write that failed', async () => {
    const { ref: quiet } = await cloud.declare('AWS::S3::Bucket', 'Quiet');
    const { ref: loud } = await cloud.declare('AWS::S3::Bucket', 'Loud', notifying);

    await s3.send(new PutObjectCommand({ Bucket: quiet, Key: 'k', Body: 'x' }));
    await failure(
      s3.send(
        new PutObjectCommand({ Bucket: loud, Key: 'k', Body: 'x', ChecksumCRC32: 'AAAAAA==' }),
      ),
    );

    expect(cloud.events).toEqual([]);
  });
});

describe('a copy', () => {
  test('has the bytes, type and metadata of its source, from another bucket as well', async () => {
    const { ref: from } = await cloud.declare('AWS::S3::Bucket', 'From');
    const { ref: to } = await cloud.declare('AWS::S3::Bucket', 'To');
    await s3.send(
      new PutObjectCommand({
        Bucket: from,
        Key: 'a b',
        Body: 'hello',
        ContentType: 'text/plain',
        Metadata: { m: '1' },
      }),
    );

    await s3.send(
      new CopyObjectCommand({ Bucket: to, Key: 'c', CopySource: encodeURI(`${from}/a b`) }),
    );
    await s3.send(new DeleteObjectCommand({ Bucket: from, Key: 'a b' }));

    const got = await s3.send(new GetObjectCommand({ Bucket: to, Key: 'c' }));
    expect(await got.Body?.transformToString()).toBe('hello');
    expect(got).toMatchObject({ ContentType: 'text/plain', Metadata: { m: '1' } });
  });

  test('takes new metadata where that is asked for, also onto itself', async () => {
    const { ref: Bucket } = await cloud.declare('AWS::S3::Bucket', 'Same');
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Metadata: { m: '1' } }));
    const copy = (MetadataDirective?: 'REPLACE') =>
      s3.send(
        new CopyObjectCommand({
          Bucket,
          Key: 'k',
          CopySource: `${Bucket}/k`,
          MetadataDirective,
          Metadata: { n: '2' },
        }),
      );

    const unchanged = await failure(copy());
    await copy('REPLACE');

    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect(unchanged).toMatchObject({ name: 'InvalidRequest' });
    expect(await got.Body?.transformToString()).toBe('x');
    expect(got.Metadata).toEqual({ n: '2' });
  });
});

test('answers the attributes that are asked for', async () => {
  const { ref: Bucket } = await cloud.declare('AWS::S3::Bucket', 'Attributes');
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'hello' }));

  const attributes = await s3.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key: 'k',
      ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize'],
    }),
  );

  expect(attributes).toMatchObject({
    ETag: '5d41402abc4b2a76b9719d911017c592',
    Checksum: { ChecksumCRC32: 'NhCmhg==' },
    ObjectSize: 5,
  });
});

test('stop wipes every byte', async () => {
  const other = await startTestCloud();
  const { ref: Bucket } = await other.declare('AWS::S3::Bucket', 'Gone');
  await other.s3Client('Admin').send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));

  await other.s3.stop?.();

  expect(existsSync(join(other.directory, 's3'))).toBe(false);
  await other.stop();
});
