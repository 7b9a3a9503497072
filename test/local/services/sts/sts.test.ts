import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountId, startToyCloud, trustAccount, type ToyCloud } from '../../gateway/toy-cloud.ts';

let cloud: ToyCloud;
let sts: STSClient;

const withFactor = {
  Version: '2012-10-17',
  Statement: [
    { ...trustAccount.Statement[0], Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } },
  ],
};

beforeEach(async () => {
  cloud = await startToyCloud();
  cloud.role('caller', [
    { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: `arn:aws:iam::${accountId}:role/*` },
  ]);
  sts = new STSClient(cloud.as('caller'));
});

afterEach(() => cloud.stop());

describe('GetCallerIdentity', () => {
  it('tells everyone who they are, even under an explicit deny', async () => {
    cloud.role('denied', [{ Effect: 'Deny', Action: '*', Resource: '*' }]);

    const answer = await new STSClient(cloud.as('denied')).send(new GetCallerIdentityCommand({}));

    expect(answer).toMatchObject({
      Account: accountId,
      Arn: `arn:aws:sts::${accountId}:assumed-role/denied/tester`,
      UserId: expect.stringMatching(/^AROA.{16}:tester$/) as string,
    });
  });
});

describe('AssumeRole', () => {
  it('gives working credentials of a role that trusts the caller', async () => {
    const RoleArn = cloud.role('other', []);

    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'chained' }),
    );

    const other = new STSClient({
      ...cloud.as('caller'),
      credentials: {
        accessKeyId: Credentials!.AccessKeyId!,
        secretAccessKey: Credentials!.SecretAccessKey!,
        sessionToken: Credentials!.SessionToken!,
      },
    });
    await expect(other.send(new GetCallerIdentityCommand({}))).resolves.toMatchObject({
      Arn: `arn:aws:sts::${accountId}:assumed-role/other/chained`,
    });
  });

  it('is logged without the secret', async () => {
    const RoleArn = cloud.role('other', []);

    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'chained' }),
    );

    const records = await cloud.log();
    expect(records[0]).toMatchObject({
      eventName: 'AssumeRole',
      requestParameters: { roleArn: RoleArn, roleSessionName: 'chained' },
      responseElements: { credentials: { accessKeyId: Credentials!.AccessKeyId } },
    });
    expect(JSON.stringify(records)).not.toContain(Credentials!.SecretAccessKey);
    expect(JSON.stringify(records)).not.toContain(Credentials!.SessionToken);
  });

  it('asks for the second factor that a trust policy wants', async () => {
    const RoleArn = cloud.role('person', [], { trust: withFactor });
    const input = { RoleArn, RoleSessionName: 'k-person' };
    const factor = { SerialNumber: `arn:aws:iam::${accountId}:mfa/k`, TokenCode: '123456' };

    const without = sts.send(new AssumeRoleCommand(input));
    const half = sts.send(new AssumeRoleCommand({ ...input, TokenCode: '123456' }));

    await expect(without).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(half).rejects.toMatchObject({ name: 'ValidationError' });
    await expect(sts.send(new AssumeRoleCommand({ ...input, ...factor }))).resolves.toBeDefined();
  });

  it.each<[string, () => string]>([
    [
      'a role that trusts a service only',
      () =>
        cloud.role('lambda-only', [], {
          trust: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'lambda.amazonaws.com' },
                Action: 'sts:AssumeRole',
              },
            ],
          },
        }),
    ],
    ['a role that does not exist', () => `arn:aws:iam::${accountId}:role/ghost`],
  ])('is denied for %s', async (_what, arn) => {
    const call = sts.send(new AssumeRoleCommand({ RoleArn: arn(), RoleSessionName: 'chained' }));

    await expect(call).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('sts:AssumeRole') as string,
    });
  });

  it('is denied to a caller whose policies do not allow it, whatever the account trusts', async () => {
    const RoleArn = cloud.role('other', []);
    cloud.role('weak', []);

    const call = new STSClient(cloud.as('weak')).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'chained' }),
    );

    await expect(call).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('refuses a duration beyond what a chained session may last, and parameters it does not know', async () => {
    const input = { RoleArn: cloud.role('other', []), RoleSessionName: 'chained' };

    const tooLong = sts.send(new AssumeRoleCommand({ ...input, DurationSeconds: 7200 }));
    const narrowed = sts.send(new AssumeRoleCommand({ ...input, Policy: '{}' }));

    await expect(tooLong).rejects.toMatchObject({ name: 'ValidationError' });
    await expect(narrowed).rejects.toThrow(
      'STS: parameter Policy is not supported by the embedded cloud',
    );
  });
});

describe('another operation', () => {
  it('is refused by name', async () => {
    await expect(sts.send(new GetSessionTokenCommand({}))).rejects.toThrow(
      /STS GetSessionToken is not supported/,
    );
  });
});
