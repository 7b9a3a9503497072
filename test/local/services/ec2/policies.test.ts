import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import type { Access } from '../../../../local/api.ts';
import { parsePolicy } from '../../../../local/policy/document.ts';
import { type Caller, decide } from '../../../../local/policy/evaluate.ts';
import { startTestCloud, type TestCloud } from './test-cloud.ts';
import { accountId, profileArn, region, roleArn, storageKeyArn } from './worker-template.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const arn = (resource: string): string => `arn:aws:ec2:${region}:${accountId}:${resource}`;

const tagged = (tags: Readonly<Record<string, string>>) =>
  (['instance', 'volume', 'network-interface'] as const).map((ResourceType) => ({
    ResourceType,
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  }));

/** Statements as the tasks' roles have them, put to the real evaluator. */
function denyUnless(...statements: object[]): (access: Access) => boolean {
  const document = parsePolicy({ Version: '2012-10-17', Statement: statements }, 'test');
  const caller: Caller = {
    type: 'AssumedRole',
    accountId,
    principalArn: `arn:aws:sts::${accountId}:assumed-role/Task/session`,
    roleArn: `arn:aws:iam::${accountId}:role/Task`,
    identityPolicies: [{ name: 'rights', document }],
  };
  return ({ context = {}, ...access }) => !decide(caller, { ...access, context }).allowed;
}

describe('a launch', () => {
  it('asks for each resource, the tags, the role and the key of the volumes', async () => {
    cloud = await startTestCloud();

    await cloud.launch({ TagSpecifications: tagged({ 'czar:batch': 'BCDF' }) });

    const asked = cloud.accesses.map(({ action, resource }) => `${action} ${resource}`);
    expect(asked).toEqual([
      `ec2:RunInstances ${arn(`launch-template/${cloud.launchTemplateId}`)}`,
      `ec2:RunInstances ${arn('instance/*')}`,
      `ec2:RunInstances ${arn('volume/*')}`,
      `ec2:RunInstances ${arn('volume/*')}`,
      `ec2:RunInstances ${arn('network-interface/*')}`,
      `ec2:RunInstances ${arn(`subnet/${cloud.subnetId}`)}`,
      `ec2:RunInstances ${arn('security-group/sg-0123456789abcdef0')}`,
      `ec2:RunInstances arn:aws:ec2:${region}::image/ami-0123456789abcdef0`,
      `ec2:CreateTags ${arn('instance/*')}`,
      `ec2:CreateTags ${arn('volume/*')}`,
      `ec2:CreateTags ${arn('network-interface/*')}`,
      `iam:PassRole ${roleArn}`,
    ]);
    expect(cloud.attached).toEqual([`ec2.${region}.amazonaws.com ${storageKeyArn}`]);
  });

  it('gives the condition keys by which a policy can tell launches apart', async () => {
    cloud = await startTestCloud();

    await cloud.launch({ TagSpecifications: tagged({ 'czar:batch': 'BCDF' }) });

    const contextOf = (action: string, resource: string) =>
      cloud.accesses.find((access) => access.action === action && access.resource === resource)
        ?.context;
    expect(contextOf('ec2:RunInstances', arn('instance/*'))).toEqual({
      'aws:RequestTag/Name': 'czarhipaa worker',
      'aws:RequestTag/czar:batch': 'BCDF',
      'aws:RequestTag/czar:study': 'czarhipaa',
      'aws:TagKeys': ['czar:study', 'Name', 'czar:batch'],
      'ec2:AvailabilityZone': 'us-east-1a',
      'ec2:InstanceProfile': profileArn,
      'ec2:InstanceType': 'm7i.large',
      'ec2:IsLaunchTemplateResource': true,
      'ec2:LaunchTemplate': arn(`launch-template/${cloud.launchTemplateId}`),
      'ec2:MetadataHttpEndpoint': 'enabled',
      'ec2:MetadataHttpPutResponseHopLimit': 1,
      'ec2:MetadataHttpTokens': 'required',
      'ec2:Region': region,
      'ec2:RootDeviceType': 'ebs',
      'ec2:Tenancy': 'dedicated',
    });
    expect(contextOf('ec2:RunInstances', arn('volume/*'))).toMatchObject({
      'aws:RequestTag/czar:batch': 'BCDF',
      'ec2:Encrypted': true,
      'ec2:KmsKeyId': storageKeyArn,
      'ec2:VolumeSize': 16,
    });
    expect(contextOf('ec2:RunInstances', arn('network-interface/*'))).toMatchObject({
      'aws:RequestTag/czar:batch': 'BCDF',
      'ec2:AssociatePublicIpAddress': false,
      'ec2:Vpc': arn(`vpc/${cloud.vpcId}`),
    });
    expect(contextOf('ec2:CreateTags', arn('volume/*'))).toMatchObject({
      'ec2:CreateAction': 'RunInstances',
    });
    expect(contextOf('iam:PassRole', roleArn)).toEqual({
      'iam:PassedToService': 'ec2.amazonaws.com',
    });
  });

  it.each(['ec2:RunInstances', 'ec2:CreateTags', 'iam:PassRole'])(
    'does not happen where %s is not allowed',
    async (action) => {
      cloud = await startTestCloud({ deny: (access) => access.action === action });

      const refused = cloud.launch({ TagSpecifications: tagged({ 'czar:batch': 'BCDF' }) });

      await expect(refused).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
      expect(cloud.ec2Service.fleet.all()).toEqual([]);
    },
  );

  it('is refused without the tags that the launching task has to give', async () => {
    const made = ['instance/*', 'volume/*', 'network-interface/*'].map(arn);
    cloud = await startTestCloud({
      deny: denyUnless(
        {
          Effect: 'Allow',
          Action: 'ec2:RunInstances',
          Resource: made,
          Condition: {
            StringEquals: { 'aws:RequestTag/czar:study': 'czarhipaa' },
            Null: { 'aws:RequestTag/czar:batch': 'false' },
          },
        },
        {
          Effect: 'Allow',
          Action: 'ec2:RunInstances',
          Resource: [
            ...['launch-template/*', 'security-group/*', 'subnet/*'].map(arn),
            `arn:aws:ec2:${region}::image/*`,
          ],
          Condition: { ArnLike: { 'ec2:LaunchTemplate': arn('launch-template/lt-*') } },
        },
        {
          Effect: 'Allow',
          Action: 'ec2:CreateTags',
          Resource: made,
          Condition: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
        },
        {
          Effect: 'Allow',
          Action: 'iam:PassRole',
          Resource: roleArn,
          Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
        },
      ),
    });

    const good = cloud.launch({ TagSpecifications: tagged({ 'czar:batch': 'BCDF' }) });
    await expect(good).resolves.toMatch(/^i-/);
    const withoutBatch = cloud.launch();
    await expect(withoutBatch).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
    const ofAnotherStudy = cloud.launch({
      TagSpecifications: tagged({ 'czar:batch': 'BCDF', 'czar:study': 'other' }),
    });
    await expect(ofAnotherStudy).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  });
});

describe('a termination', () => {
  it('is allowed by the tags of the instance, and tells nothing of one that is not there', async () => {
    const mayTerminate = denyUnless({
      Effect: 'Allow',
      Action: 'ec2:TerminateInstances',
      Resource: arn('instance/*'),
      Condition: {
        StringEquals: { 'aws:ResourceTag/czar:study': 'czarhipaa' },
        Null: { 'aws:ResourceTag/czar:batch': 'false' },
      },
    });
    cloud = await startTestCloud({
      deny: (access) => access.action === 'ec2:TerminateInstances' && mayTerminate(access),
    });
    const terminate = (id: string) =>
      cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    const worker = await cloud.launch({ TagSpecifications: tagged({ 'czar:batch': 'BCDF' }) });
    const other = await cloud.launch();

    await expect(terminate(worker)).resolves.toBeDefined();
    await expect(terminate(other)).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
    await expect(terminate('i-0123456789abcdef0')).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
    });
    expect(cloud.instance(other).state).not.toBe('shutting-down');
  });
});

it('gives instances credentials as their role, by their id and VPC, for as long as a script may run', async () => {
  cloud = await startTestCloud();

  const instanceId = await cloud.launchOnline();

  expect(cloud.issued).toEqual([
    {
      session: instanceId,
      options: { instance: { instanceId, vpcId: cloud.vpcId }, lifetimeSeconds: 4200 },
    },
  ]);
});
