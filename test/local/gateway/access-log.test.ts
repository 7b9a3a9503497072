import { stat } from 'node:fs/promises';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInternalCalls } from '../../../local/gateway/internal-call.ts';
import { AccessLog } from '../../../local/gateway/access-log.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accountId, region, startToyCloud, type ToyCloud } from './toy-cloud.ts';
import { toyService } from './toy-service.ts';

let cloud: ToyCloud;

beforeEach(async () => {
  cloud = await startToyCloud();
  cloud.role('caller', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
});

afterEach(() => cloud.stop());

describe('the access log', () => {
  it('has one record in CloudTrail’s shape for each call', async () => {
    cloud.serve(toyService('kms', 'json', () => ({ status: 200, body: '{}' })));
    const settings = cloud.as('caller');

    const answer = await new KMSClient(settings).send(new ListKeysCommand({ Marker: 'canary' }));

    const records = await cloud.log();
    expect(records).toHaveLength(1);
    expect(records[0]).toEqual({
      eventVersion: '1.11',
      userIdentity: {
        type: 'AssumedRole',
        principalId: expect.stringMatching(/^AROA[A-Z2-7]{16}:tester$/) as string,
        arn: `arn:aws:sts::${accountId}:assumed-role/caller/tester`,
        accountId,
        accessKeyId: settings.credentials.accessKeyId,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: expect.stringMatching(/^AROA[A-Z2-7]{16}$/) as string,
            arn: `arn:aws:iam::${accountId}:role/caller`,
            accountId,
            userName: 'caller',
          },
          attributes: {
            creationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
            mfaAuthenticated: 'false',
          },
        },
      },
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      eventSource: 'kms.amazonaws.com',
      eventName: 'Toy',
      awsRegion: region,
      sourceIPAddress: '127.0.0.1',
      userAgent: expect.stringContaining('aws-sdk-js') as string,
      requestParameters: { path: '/' },
      responseElements: null,
      additionalEventData: { SignatureVersion: 'SigV4' },
      requestID: answer.$metadata.requestId,
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      readOnly: true,
      resources: [{ ARN: 'arn:aws:toy:::box', type: 'AWS::Toy::Box' }],
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: accountId,
      eventCategory: 'Management',
    });
  });

  it('has calls of nobody, too, and neither bodies nor secrets', async () => {
    cloud.serve(toyService('kms', 'json', () => ({ status: 200, body: '{}' })));
    const settings = cloud.as('caller');
    const wrong = { ...settings.credentials, secretAccessKey: 'wrong' };

    await new KMSClient({ ...settings, credentials: wrong })
      .send(new ListKeysCommand({ Marker: 'canary' }))
      .catch(() => undefined);

    const records = await cloud.log();
    expect(records).toMatchObject([
      {
        userIdentity: { type: 'Unknown' },
        eventName: 'ListKeys',
        errorCode: 'InvalidSignatureException',
      },
    ]);
    const text = JSON.stringify(records);
    for (const secret of [
      'canary',
      settings.credentials.secretAccessKey,
      settings.credentials.sessionToken,
    ])
      expect(text).not.toContain(secret);
  });

  it('is readable by its owner only, and in the order of the answers', async () => {
    const sts = new STSClient(cloud.as('caller'));

    for (let count = 0; count < 20; count += 1) await sts.send(new GetCallerIdentityCommand({}));

    const records = await cloud.log();
    const { mode } = await stat(join(cloud.directory, 'access-log.jsonl'));
    expect(records.map(({ eventName }) => eventName)).toEqual(
      Array<string>(20).fill('GetCallerIdentity'),
    );
    expect(mode & 0o777).toBe(0o600);
  });
});

describe('a call inside the cloud', () => {
  it('is held against the policies and logged, allowed or not', async () => {
    const accessLog = new AccessLog(join(cloud.directory, 'internal.jsonl'));
    const clock = new VirtualClock(new Date('2026-03-01T12:00:00.000Z'));
    const callAs = createInternalCalls({ accountId, region, clock, accessLog });
    const arn = cloud.role('machine', [
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '*' },
    ]);
    const caller = cloud.iam.sessions.roleCaller(arn, 'run');
    const record = { eventName: 'Invoke', readOnly: false, dataEvent: true };

    callAs(caller, 'lambda.amazonaws.com', record, {
      action: 'lambda:InvokeFunction',
      resource: 'arn:aws:lambda:::f',
    });
    const refused = (): void =>
      callAs(
        cloud.iam.sessions.serviceCaller('events.amazonaws.com'),
        'lambda.amazonaws.com',
        record,
        {
          action: 'lambda:InvokeFunction',
          resource: 'arn:aws:lambda:::f',
        },
      );

    expect(refused).toThrow(/not authorized to perform: lambda:InvokeFunction/);
    await accessLog.close();
    const records = (await readFile(accessLog.path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(records).toMatchObject([
      {
        eventCategory: 'Data',
        eventTime: '2026-03-01T12:00:00Z',
        userIdentity: { type: 'AssumedRole' },
      },
      {
        errorCode: 'AccessDenied',
        userIdentity: { type: 'AWSService', invokedBy: 'events.amazonaws.com' },
      },
    ]);
  });
});
