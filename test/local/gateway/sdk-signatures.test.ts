import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startToyCloud, type ToyCloud } from './toy-cloud.ts';
import { toyService } from './toy-service.ts';

let cloud: ToyCloud;
const s3Toy = toyService('s3', 'rest-xml', () => ({ status: 200, body: '' }));

beforeAll(async () => {
  cloud = await startToyCloud();
  cloud.role('caller', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
  for (const name of ['dynamodb', 'kms', 'sqs', 'states', 'ssm']) {
    cloud.serve(toyService(name, 'json', () => ({ status: 200, body: '{}' })));
  }
  cloud.serve(toyService('ses', 'rest-json', () => ({ status: 200, body: '{"MessageId":"m"}' })));
  cloud.serve(
    toyService('sns', 'query', () => ({
      status: 200,
      body: '<ListTopicsResponse><ListTopicsResult/></ListTopicsResponse>',
    })),
  );
  cloud.serve(
    toyService('ec2', 'ec2-query', () => ({ status: 200, body: '<DescribeInstancesResponse/>' })),
  );
  cloud.serve(s3Toy);
});

afterAll(() => cloud.stop());

type Settings = ReturnType<ToyCloud['as']>;

const calls: readonly [
  string,
  (settings: Settings) => Promise<{ $metadata: { requestId?: string } }>,
][] = [
  ['DynamoDB', (settings) => new DynamoDBClient(settings).send(new ListTablesCommand({}))],
  [
    'EC2',
    (settings) =>
      new EC2Client(settings).send(
        new DescribeInstancesCommand({ Filters: [{ Name: 'tag:a b', Values: ['ä+/~*'] }] }),
      ),
  ],
  ['KMS', (settings) => new KMSClient(settings).send(new ListKeysCommand({}))],
  [
    'S3',
    (settings) =>
      new S3Client(settings).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' })),
  ],
  [
    'SES',
    (settings) => new SESv2Client(settings).send(new SendEmailCommand({ Content: undefined })),
  ],
  ['Step Functions', (settings) => new SFNClient(settings).send(new ListStateMachinesCommand({}))],
  ['SNS', (settings) => new SNSClient(settings).send(new ListTopicsCommand({}))],
  ['SQS', (settings) => new SQSClient(settings).send(new ListQueuesCommand({}))],
  ['SSM', (settings) => new SSMClient(settings).send(new GetParameterCommand({ Name: '/a b/ü' }))],
  ['STS', (settings) => new STSClient(settings).send(new GetCallerIdentityCommand({}))],
];

describe('signatures of unmodified SDK clients', () => {
  it.each(calls)('verifies those of %s and answers a request id', async (_name, send) => {
    const answer = await send(cloud.as('caller'));

    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    'plain',
    'with space',
    'plus+and&and=',
    'ümläut/日本語/🙂',
    "quotes'()!*~",
    'double//slash/',
    '%41 percent %2F',
    'colon:semi;comma,at@dollar$',
    'question?hash#',
    'a/.../b.',
  ])('verifies those of an S3 key like %j', async (Key) => {
    const s3 = new S3Client(cloud.as('caller'));

    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'data' }));

    const path = s3Toy.heard.at(-1)?.url.pathname ?? '';
    expect(decodeURIComponent(path)).toBe(`/bucket/${Key}`);
  });

  it('refuses an S3 key whose path would be tidied on the way', async () => {
    const s3 = new S3Client(cloud.as('caller'));

    const call = s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'a/../b' }));

    await expect(call).rejects.toMatchObject({ name: 'InvalidURI' });
  });

  it('passes bodies of known and unknown length on', async () => {
    const s3 = new S3Client(cloud.as('caller'));
    const data = Buffer.alloc(300_000, 7);

    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'buffer', Body: data }));
    const fromBuffer = s3Toy.heard.at(-1);
    await s3.send(
      new PutObjectCommand({
        Bucket: 'bucket',
        Key: 'stream',
        Body: Readable.from([data]),
        ContentLength: data.length,
      }),
    );
    const fromStream = s3Toy.heard.at(-1);

    expect(fromBuffer?.bodySha256).toBe(createHash('sha256').update(data).digest('hex'));
    expect(fromStream?.bodyBytes).toBeGreaterThanOrEqual(data.length);
  });

  it('verifies an upload of lib-storage', async () => {
    const client = new S3Client(cloud.as('caller'));

    const upload = new Upload({
      client,
      params: { Bucket: 'bucket', Key: 'k', Body: Buffer.alloc(1000) },
    });

    await expect(upload.done()).resolves.toBeDefined();
  });
});
