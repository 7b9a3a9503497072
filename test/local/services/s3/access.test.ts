import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountId, failure, region, startTestCloud, type TestCloud } from './test-cloud.ts';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await startTestCloud();
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

const allow = (Action: string | string[], Resource: string, Condition?: object) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition && { Condition }),
});

/** Sends any command: its own type says what it answers, which a refusal does not. */
function send(client: S3Client, command: object): Promise<unknown> {
  return client.send(command as Parameters<S3Client['send']>[0]);
}

const denied = { name: 'AccessDenied', status: 403 };

describe('a caller without rights', () => {
  let bucket: string;

  beforeAll(async () => {
    bucket = (await cloud.declare('AWS::S3::Bucket', 'Closed')).ref;
    await cloud
      .s3Client('Admin')
      .send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
    cloud.addRole('Nobody');
  });

  test.each([
    ['GetObject', () => new GetObjectCommand({ Bucket: bucket, Key: 'k' })],
    ['PutObject', () => new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'y' })],
    ['DeleteObject', () => new DeleteObjectCommand({ Bucket: bucket, Key: 'k' })],
    ['ListObjectsV2', () => new ListObjectsV2Command({ Bucket: bucket })],
    ['GetBucketPolicy', () => new GetBucketPolicyCommand({ Bucket: bucket })],
    ['CreateMultipartUpload', () => new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'k' })],
    [
      'AbortMultipartUpload',
      () => new AbortMultipartUploadCommand({ Bucket: bucket, Key: 'k', UploadId: 'u' }),
    ],
    [
      'CopyObject',
      () => new CopyObjectCommand({ Bucket: bucket, Key: 'l', CopySource: `${bucket}/k` }),
    ],
  ])('is denied %s, and the access log says so', async (_operation, command) => {
    const error = await failure(send(cloud.s3Client('Nobody'), command()));

    const record = (await cloud.records()).at(-1);
    expect(error).toMatchObject(denied);
    expect(record).toMatchObject({
      errorCode: 'AccessDenied',
      requestParameters: { bucketName: bucket },
      resources: expect.arrayContaining([
        { ARN: `arn:aws:s3:::${bucket}`, type: 'AWS::S3::Bucket' },
      ]) as unknown,
    });
  });

  test.each([
    ['HeadObject', () => new HeadObjectCommand({ Bucket: bucket, Key: 'k' })],
    ['HeadBucket', () => new HeadBucketCommand({ Bucket: bucket })],
  ])('is denied %s', async (_operation, command) => {
    const error = await failure(send(cloud.s3Client('Nobody'), command()));

    expect(error.status).toBe(403);
  });

  test('is told of each object that it may not delete', async () => {
    const answer = await cloud
      .s3Client('Nobody')
      .send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: [{ Key: 'k' }] } }));

    expect(answer.Deleted).toBeUndefined();
    expect(answer.Errors).toMatchObject([{ Key: 'k', Code: 'AccessDenied' }]);
  });
});

test('only who may list is told that an object is not there', async () => {
  const { ref: bucket, arn } = await cloud.declare('AWS::S3::Bucket', 'Secret');
  cloud.addRole('Reader', allow('s3:GetObject', `${arn}/*`));
  cloud.addRole('Lister', allow('s3:GetObject', `${arn}/*`), allow('s3:ListBucket', arn));
  const get = () => new GetObjectCommand({ Bucket: bucket, Key: 'missing' });

  const forReader = await failure(cloud.s3Client('Reader').send(get()));
  const forLister = await failure(cloud.s3Client('Lister').send(get()));

  expect(forReader).toMatchObject(denied);
  expect(forReader.message).toContain('s3:ListBucket');
  expect(forLister).toMatchObject({ name: 'NoSuchKey', status: 404 });
});

test('a prefix condition limits what may be listed', async () => {
  const { ref: bucket, arn } = await cloud.declare('AWS::S3::Bucket', 'Prefixed');
  cloud.addRole(
    'Prefixer',
    allow('s3:ListBucket', arn, { StringEquals: { 's3:prefix': 'out/', 's3:delimiter': '/' } }),
  );
  const list = (Prefix?: string, Delimiter?: string) =>
    cloud
      .s3Client('Prefixer')
      .send(new ListObjectsV2Command({ Bucket: bucket, Prefix, Delimiter }));

  await list('out/', '/');

  expect(await failure(list('in/', '/'))).toMatchObject(denied);
  expect(await failure(list('out/'))).toMatchObject(denied);
  expect(await failure(list())).toMatchObject(denied);
});

describe('a bucket whose policy demands conditional writes', () => {
  let bucket: string;

  beforeAll(async () => {
    const made = await cloud.declare('AWS::S3::Bucket', 'WriteOnce');
    bucket = made.ref;
    await cloud.declare('AWS::S3::BucketPolicy', 'WriteOncePolicy', {
      Bucket: bucket,
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:PutObject',
            Resource: `${made.arn}/*`,
            Condition: {
              Null: { 's3:if-none-match': 'true' },
              Bool: { 's3:ObjectCreationOperation': 'true' },
            },
          },
        ],
      },
    });
  });

  test('refuses a PUT and a copy without If-None-Match and takes them with it', async () => {
    const s3 = cloud.s3Client('Admin');
    const put = (IfNoneMatch?: string) =>
      s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', IfNoneMatch }));
    const copy = (IfNoneMatch?: string) =>
      s3.send(
        new CopyObjectCommand({
          Bucket: bucket,
          Key: 'copy',
          CopySource: `${bucket}/k`,
          IfNoneMatch,
        }),
      );

    expect(await failure(put())).toMatchObject(denied);
    await put('*');
    expect(await failure(copy())).toMatchObject(denied);
    await copy('*');
  });

  test('takes the parts of an upload, and demands the condition where it is completed', async () => {
    const s3 = cloud.s3Client('Admin');
    const place = { Bucket: bucket, Key: 'parts' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'x' }),
    );
    const complete = (IfNoneMatch?: string) =>
      s3.send(
        new CompleteMultipartUploadCommand({
          ...place,
          UploadId,
          IfNoneMatch,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        }),
      );

    expect(await failure(complete())).toMatchObject(denied);
    await complete('*');
  });
});

describe('a bucket under a KMS key', () => {
  let bucket: string;
  let bucketArn: string;
  let keyArn: string;

  beforeAll(async () => {
    const key = await cloud.declare('AWS::KMS::Key', 'StorageKey');
    keyArn = key.arn;
    const made = await cloud.declare('AWS::S3::Bucket', 'Encrypted', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn },
          },
        ],
      },
    });
    bucket = made.ref;
    bucketArn = made.arn;
    const objects = allow(['s3:PutObject', 's3:GetObject'], `${bucketArn}/*`);
    const via = (service: string) => ({
      StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` },
    });
    cloud.addRole('NoKey', objects);
    cloud.addRole('Writer', objects, allow('kms:GenerateDataKey', keyArn, via('s3')));
    cloud.addRole('ReadWriter', objects, allow(['kms:*'], keyArn, via('s3')));
    cloud.addRole('OtherWay', objects, allow('kms:*', keyArn, via('sqs')));
    cloud.addRole(
      'OneObject',
      objects,
      allow('kms:*', keyArn, {
        StringEquals: { 'kms:EncryptionContext:aws:s3:arn': `${bucketArn}/mine` },
      }),
    );
  });

  const put = (role: string, Key: string) =>
    cloud.s3Client(role).send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
  const get = (role: string, Key: string) =>
    cloud.s3Client(role).send(new GetObjectCommand({ Bucket: bucket, Key }));

  test('takes an object of a caller who may use the key via S3, and says which key', async () => {
    const answer = await put('Writer', 'k');

    expect(answer).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn });
  });

  test.each(['NoKey', 'OtherWay'])('refuses an object of %s, and stores nothing', async (role) => {
    const before = await cloud.files();

    const error = await failure(put(role, 'refused'));

    expect(error).toMatchObject(denied);
    expect(error.message).toContain('kms:GenerateDataKey');
    expect(await cloud.files()).toEqual(before);
  });

  test('shows an object to who may decrypt via S3 only', async () => {
    await put('ReadWriter', 'read');

    await get('ReadWriter', 'read').then((got) => got.Body?.transformToString());

    expect((await failure(get('Writer', 'read'))).message).toContain('kms:Decrypt');
  });

  test('describes an object without the key, but not its checksum', async () => {
    await put('ReadWriter', 'head');
    const head = (ChecksumMode?: 'ENABLED') =>
      cloud
        .s3Client('Writer')
        .send(new HeadObjectCommand({ Bucket: bucket, Key: 'head', ChecksumMode }));

    expect((await head()).ContentLength).toBe(1);
    expect(await failure(head('ENABLED'))).toMatchObject({ status: 403 });
  });

  test('binds every object to its ARN in the encryption context', async () => {
    await put('OneObject', 'mine');

    expect(await failure(put('OneObject', 'yours'))).toMatchObject(denied);
  });

  test('lets a part in only with the right to decrypt, as AWS does', async () => {
    const place = { Bucket: bucket, Key: 'parts' };
    const { UploadId } = await cloud
      .s3Client('Writer')
      .send(new CreateMultipartUploadCommand(place));
    const part = (role: string) =>
      cloud
        .s3Client(role)
        .send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'x' }));

    expect((await failure(part('Writer'))).message).toContain('kms:Decrypt');
    expect((await part('ReadWriter')).SSEKMSKeyId).toBe(keyArn);
  });

  test('refuses everything while the key is disabled', async () => {
    const kms = cloud.kmsClient('Admin');
    await put('ReadWriter', 'disabled');
    await kms.send(new DisableKeyCommand({ KeyId: keyArn }));

    const errors = [
      await failure(put('ReadWriter', 'more')),
      await failure(get('ReadWriter', 'disabled')),
    ];
    await kms.send(new EnableKeyCommand({ KeyId: keyArn }));

    expect(errors.map((error) => error.name)).toEqual([
      'KMS.DisabledException',
      'KMS.DisabledException',
    ]);
  });

  test('refuses the AWS managed key by name, which a request without a key means', async () => {
    const { ref: plain } = await cloud.declare('AWS::S3::Bucket', 'Plain');
    const asking = (Bucket: string) =>
      cloud
        .s3Client('Admin')
        .send(
          new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ServerSideEncryption: 'aws:kms' }),
        );

    for (const error of [await failure(asking(plain)), await failure(asking(bucket))]) {
      expect(error).toMatchObject({ name: 'NotImplemented' });
      expect(error.message).toContain('aws/s3');
    }
  });

  test('takes a key that the request names', async () => {
    const other = await cloud.declare('AWS::KMS::Key', 'OtherKey');

    const answer = await cloud.s3Client('Admin').send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: 'other',
        Body: 'x',
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: other.arn,
      }),
    );

    expect(answer.SSEKMSKeyId).toBe(other.arn);
  });
});

test('holds a request against conditions on the encryption it asks for', async () => {
  const { ref: bucket, arn } = await cloud.declare('AWS::S3::Bucket', 'Asked');
  cloud.addRole(
    'Asker',
    allow('s3:PutObject', `${arn}/*`, {
      StringEquals: { 's3:x-amz-server-side-encryption': 'AES256' },
    }),
  );
  const put = (ServerSideEncryption?: 'AES256') =>
    cloud
      .s3Client('Asker')
      .send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ServerSideEncryption }));

  expect(await failure(put())).toMatchObject(denied);
  await put('AES256');
});

test('refuses a bucket that is not of the account that the client expects', async () => {
  const { ref: bucket } = await cloud.declare('AWS::S3::Bucket', 'Owned');
  const head = (ExpectedBucketOwner: string) =>
    cloud.s3Client('Admin').send(new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner }));

  await head(accountId);

  expect(await failure(head('999999999999'))).toMatchObject({ status: 403 });
});

test('logs an object-level call as a data event, with names only', async () => {
  const { ref: bucket, arn } = await cloud.declare('AWS::S3::Bucket', 'Logged');

  await cloud.s3Client('Admin').send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: 'in/x',
      Body: 'canary-body',
      IfNoneMatch: '*',
      Metadata: { note: 'canary-metadata' },
    }),
  );

  const record = (await cloud.records()).at(-1);
  expect(record).toMatchObject({
    eventSource: 's3.amazonaws.com',
    eventName: 'PutObject',
    eventCategory: 'Data',
    readOnly: false,
    requestParameters: { bucketName: bucket, key: 'in/x', 'if-none-match': '*' },
    resources: [
      { ARN: `${arn}/in/x`, type: 'AWS::S3::Object' },
      { ARN: arn, type: 'AWS::S3::Bucket' },
    ],
  });
  expect(JSON.stringify(record)).not.toContain('canary');
});
