import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AccountSuspendedException, SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, QueueDoesNotExist, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ApiError,
  type Access,
  type Protocol,
  type Route,
  type Service,
} from '../../../local/api.ts';
import { parsePolicy } from '../../../local/policy/document.ts';
import { startToyCloud, type ToyCloud } from './toy-cloud.ts';
import { toyService } from './toy-service.ts';

let cloud: ToyCloud;

beforeEach(async () => {
  cloud = await startToyCloud();
});

afterEach(() => cloud.stop());

type Settings = ReturnType<ToyCloud['as']>;
const vpc = { instanceId: 'i-1', vpcId: 'vpc-1' };

/** A service that asks for whatever a test wants. */
function asking(
  signingName: string,
  protocol: Protocol,
  ask: Parameters<Service['handle']>[1] extends infer Call ? (call: Call) => void : never,
): Service {
  return {
    signingName,
    protocol,
    resources: [],
    handle: async (request, call) => {
      request.body.resume();
      ask(call);
      return Promise.resolve({ status: 200, body: '{}' });
    },
  };
}

const access: Access = { action: 'kms:Toy', resource: 'arn:aws:toy:::box' };

describe('a call that the policies do not allow', () => {
  const calls: readonly [
    string,
    Protocol,
    string,
    number,
    (settings: Settings) => Promise<unknown>,
  ][] = [
    [
      'dynamodb',
      'json',
      'AccessDeniedException',
      400,
      (settings) => new DynamoDBClient(settings).send(new ListTablesCommand({})),
    ],
    [
      'kms',
      'json',
      'AccessDeniedException',
      400,
      (settings) => new KMSClient(settings).send(new ListKeysCommand({})),
    ],
    [
      'sqs',
      'json',
      'AccessDenied',
      400,
      (settings) => new SQSClient(settings).send(new ListQueuesCommand({})),
    ],
    [
      'ses',
      'rest-json',
      'AccessDeniedException',
      403,
      (settings) => new SESv2Client(settings).send(new SendEmailCommand({ Content: undefined })),
    ],
    [
      'sns',
      'query',
      'AuthorizationErrorException',
      403,
      (settings) => new SNSClient(settings).send(new ListTopicsCommand({})),
    ],
    [
      'ec2',
      'ec2-query',
      'UnauthorizedOperation',
      403,
      (settings) => new EC2Client(settings).send(new DescribeInstancesCommand({})),
    ],
    [
      's3',
      'rest-xml',
      'AccessDenied',
      403,
      (settings) => new S3Client(settings).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' })),
    ],
  ];

  it.each(calls)('of %s (%s) throws %s', async (name, protocol, error, status, call) => {
    cloud.serve(toyService(name, protocol, () => ({ status: 200, body: 'secret' })));
    cloud.role('nobody', []);

    const failure: unknown = await call(cloud.as('nobody')).catch((thrown: unknown) => thrown);

    expect(failure).toMatchObject({ name: error, $metadata: { httpStatusCode: status } });
    expect((failure as { $metadata: { requestId?: string } }).$metadata.requestId).toMatch(
      /^[0-9a-f-]{36}$/,
    );
    expect((failure as Error).message).toContain(
      `is not authorized to perform: ${name}:Toy on resource: arn:aws:toy:::box because no identity-based policy allows the ${name}:Toy action`,
    );
  });

  it('says so in its status alone for a HEAD', async () => {
    cloud.serve(toyService('s3', 'rest-xml', () => ({ status: 200 })));
    cloud.role('nobody', []);

    const call = new S3Client(cloud.as('nobody')).send(
      new HeadObjectCommand({ Bucket: 'b', Key: 'k' }),
    );

    await expect(call).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  it('names the statement of an explicit deny', async () => {
    cloud.serve(toyService('kms', 'json', () => ({ status: 200, body: '{}' })));
    cloud.role('denied', [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Sid: 'NoToys', Effect: 'Deny', Action: 'kms:Toy', Resource: '*' },
    ]);

    const call = new KMSClient(cloud.as('denied')).send(new ListKeysCommand({}));

    await expect(call).rejects.toThrow(
      /with an explicit deny in an identity-based policy: .*NoToys/,
    );
  });

  it('is in the access log as AccessDenied', async () => {
    cloud.serve(toyService('kms', 'json', () => ({ status: 200, body: '{}' })));
    cloud.role('nobody', []);

    await new KMSClient(cloud.as('nobody')).send(new ListKeysCommand({})).catch(() => undefined);

    const [record] = await cloud.log();
    expect(record).toMatchObject({
      errorCode: 'AccessDenied',
      eventName: 'Toy',
      responseElements: null,
    });
  });
});

describe('global condition keys', () => {
  const when = (condition: object): object => ({
    Effect: 'Allow',
    Action: '*',
    Resource: '*',
    Condition: condition,
  });

  async function allowed(
    condition: object,
    settings?: Parameters<ToyCloud['as']>[1],
  ): Promise<boolean> {
    cloud.serve(toyService('kms', 'json', () => ({ status: 200, body: '{}' })));
    cloud.role('conditional', [when(condition)], { tags: { team: 'heart' } });
    return new KMSClient(cloud.as('conditional', settings)).send(new ListKeysCommand({})).then(
      () => true,
      () => false,
    );
  }

  it.each<[string, object]>([
    ['aws:SecureTransport', { Bool: { 'aws:SecureTransport': 'true' } }],
    ['aws:SourceIp', { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }],
    ['aws:RequestedRegion', { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } }],
    ['aws:CurrentTime', { DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }],
    ['aws:EpochTime', { NumericGreaterThan: { 'aws:EpochTime': '1000' } }],
    ['aws:PrincipalTag', { StringEquals: { 'aws:PrincipalTag/team': 'heart' } }],
    ['aws:PrincipalArn', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/conditional' } }],
    ['aws:userid', { StringLike: { 'aws:userid': 'AROA*:tester' } }],
    ['aws:MultiFactorAuthPresent', { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }],
    ['aws:ViaAWSService', { Bool: { 'aws:ViaAWSService': 'false' } }],
  ])('has %s', async (_key, condition) => {
    expect(await allowed(condition)).toBe(true);
  });

  it.each<[string, object]>([
    ['another address', { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }],
    ['an endpoint for a call that passed none', { StringEquals: { 'aws:SourceVpce': 'vpce-1' } }],
    ['another tag', { StringEquals: { 'aws:PrincipalTag/team': 'lung' } }],
    ['a second factor that nobody showed', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }],
  ])('do not claim %s', async (_what, condition) => {
    expect(await allowed(condition)).toBe(false);
  });

  it('tell of a second factor that a session began with', async () => {
    expect(
      await allowed({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, { multiFactor: true }),
    ).toBe(true);
  });

  it('of a call on the caller’s behalf name the service and not the caller’s address', async () => {
    cloud.serve(
      asking('s3', 'rest-xml', (call) => {
        call.needsNoPermission();
        call.authorizeVia('s3.us-east-1.amazonaws.com', access);
      }),
    );
    const via = { 'kms:ViaService': 's3.us-east-1.amazonaws.com', 'aws:ViaAWSService': 'true' };
    cloud.role('via', [
      when({
        StringEquals: via,
        'ForAnyValue:StringEquals': { 'aws:CalledVia': 's3.amazonaws.com' },
        Null: { 'aws:SourceIp': 'true' },
      }),
    ]);

    const answer = new S3Client(cloud.as('via')).send(
      new GetObjectCommand({ Bucket: 'b', Key: 'k' }),
    );

    await expect(answer).resolves.toBeDefined();
  });
});

describe('a call of an instance', () => {
  const policy = (action: string) =>
    parsePolicy(
      {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: '*', Action: action, Resource: '*' }],
      },
      'endpoint',
    );

  async function call(route: Route | undefined, condition: object = {}): Promise<unknown> {
    cloud.serve(toyService('kms', 'json', () => ({ status: 200, body: '{}' })));
    cloud.connect({ routeTo: () => route });
    cloud.role('machine', [{ Effect: 'Allow', Action: '*', Resource: '*', Condition: condition }]);
    return new KMSClient(cloud.as('machine', { instance: vpc })).send(new ListKeysCommand({}));
  }

  it('passes the endpoint of the service, and says so to policies and the log', async () => {
    const answer = await call(
      { kind: 'endpoint', endpointId: 'vpce-9', policy: policy('kms:*'), privateIp: '10.0.0.5' },
      {
        StringEquals: { 'aws:SourceVpc': 'vpc-1', 'aws:SourceVpce': 'vpce-9' },
        IpAddress: { 'aws:VpcSourceIp': '10.0.0.0/16' },
        Null: { 'aws:SourceIp': 'true' },
      },
    );

    const [record] = await cloud.log();
    expect(answer).toBeDefined();
    expect(record).toMatchObject({ vpcEndpointId: 'vpce-9', sourceIPAddress: '10.0.0.5' });
  });

  it('is denied by an endpoint policy that does not allow it', async () => {
    const answer = call({
      kind: 'endpoint',
      endpointId: 'vpce-9',
      policy: policy('kms:Other'),
      privateIp: '10.0.0.5',
    });

    await expect(answer).rejects.toThrow(/no VPC endpoint policy allows/);
  });

  it('without endpoint and NAT gets no answer at all, and is in no log', async () => {
    await expect(call(undefined)).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(await cloud.log()).toEqual([]);
    expect(cloud.defects).toEqual([]);
  });

  it('through NAT comes from the gateway’s address', async () => {
    const answer = await call(
      { kind: 'internet', sourceIp: '203.0.113.7' },
      { IpAddress: { 'aws:SourceIp': '203.0.113.7/32' } },
    );

    expect(answer).toBeDefined();
  });
});

describe('the gateway', () => {
  it('sends no answer of a service that did not ask the policies', async () => {
    cloud.serve(
      toyService('kms', 'json', () => ({ status: 200, body: '{"Keys":["secret"]}' }), {
        asks: false,
      }),
    );
    cloud.role('caller', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);

    const call = new KMSClient(cloud.as('caller')).send(new ListKeysCommand({}));

    await expect(call).rejects.toMatchObject({
      name: 'InternalFailure',
      $metadata: { httpStatusCode: 500 },
    });
    expect(cloud.defects).toHaveLength(1);
  });

  it('tells a caller nothing of a defect', async () => {
    cloud.serve(toyService('kms', 'json', () => Promise.reject(new TypeError('the canary'))));
    cloud.role('caller', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);

    const failure: unknown = await new KMSClient(cloud.as('caller'))
      .send(new ListKeysCommand({}))
      .catch((thrown: unknown) => thrown);

    expect(JSON.stringify(failure)).not.toContain('canary');
    expect((await cloud.log()).at(-1)).toMatchObject({ errorCode: 'InternalFailure' });
  });

  it('writes errors of services so that SDKs throw their classes', async () => {
    cloud.serve(
      toyService('sqs', 'json', () => Promise.reject(new ApiError('QueueDoesNotExist', 'no'))),
    );
    cloud.serve(
      toyService('ses', 'rest-json', () =>
        Promise.reject(new ApiError('AccountSuspendedException', 'no')),
      ),
    );
    cloud.serve(
      toyService('s3', 'rest-xml', () =>
        Promise.reject(new ApiError('NoSuchKey', 'a<b', 404, { Key: 'k&<' })),
      ),
    );
    cloud.role('caller', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
    const settings = cloud.as('caller');

    const sqs = new SQSClient(settings).send(new ListQueuesCommand({}));
    const ses = new SESv2Client(settings).send(new SendEmailCommand({ Content: undefined }));
    const s3 = new S3Client(settings).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));

    await expect(sqs).rejects.toBeInstanceOf(QueueDoesNotExist);
    await expect(ses).rejects.toBeInstanceOf(AccountSuspendedException);
    await expect(s3).rejects.toMatchObject({ name: 'NoSuchKey', message: 'a<b', Key: 'k&<' });
  });
});
