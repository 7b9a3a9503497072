import {
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  ListGrantsCommand,
  ScheduleKeyDeletionCommand,
  type GrantOperation,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountId, failure, startTestCloud, type TestCloud } from '../s3/test-cloud.ts';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await startTestCloud();
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

const root = { AWS: `arn:aws:iam::${accountId}:root` };
const denied = { name: 'AccessDeniedException', status: 400 };

function key(...Statement: Record<string, unknown>[]) {
  return cloud.declare('AWS::KMS::Key', 'DataKey', {
    KeyPolicy: { Version: '2012-10-17', Statement },
  });
}

function toRoot(Action: string | string[], Condition?: object) {
  return {
    Effect: 'Allow',
    Principal: root,
    Action,
    Resource: '*',
    ...(Condition && { Condition }),
  };
}

test('identity policies count for nothing where the key policy does not delegate', async () => {
  const { arn: KeyId } = await key(toRoot('kms:DescribeKey'));
  const admin = cloud.kmsClient('Admin');

  await admin.send(new DescribeKeyCommand({ KeyId }));
  const error = await failure(
    admin.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })),
  );

  expect(error).toMatchObject(denied);
  expect(error.message).toContain('kms:Encrypt');
});

test('a condition on the encryption context divides who may decrypt what', async () => {
  const { arn: KeyId } = await key(toRoot('kms:*'));
  const onKind = (kind: string) => ({
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: KeyId,
    Condition: {
      StringEquals: { 'kms:EncryptionContext:kind': kind },
      'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['study', 'kind'] },
    },
  });
  cloud.addRole('Uploader', onKind('input'));
  cloud.addRole('Researcher', onKind('result'));
  const generate = (role: string, EncryptionContext: Record<string, string>) =>
    cloud
      .kmsClient(role)
      .send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));
  const result = { study: 's', kind: 'result' };

  const { CiphertextBlob } = await generate('Researcher', result);
  const decrypt = (role: string) =>
    cloud.kmsClient(role).send(new DecryptCommand({ CiphertextBlob, EncryptionContext: result }));

  expect((await decrypt('Researcher')).KeyId).toBe(KeyId);
  expect(await failure(decrypt('Uploader'))).toMatchObject(denied);
  expect(await failure(generate('Uploader', result))).toMatchObject(denied);
  expect(await failure(generate('Researcher', { ...result, more: '1' }))).toMatchObject(denied);
  expect(await failure(generate('Researcher', {}))).toMatchObject(denied);
});

test('an explicit deny of the key policy stops an administrator and a grant', async () => {
  const workerArn = cloud.addRole('Worker');
  const { arn: KeyId } = await key(toRoot('kms:*'), {
    Effect: 'Deny',
    Principal: '*',
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: { StringEquals: { 'kms:EncryptionContext:kind': 'input' } },
  });
  const admin = cloud.kmsClient('Admin');
  const EncryptionContext = { kind: 'input' };
  const { CiphertextBlob } = await admin.send(
    new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext }),
  );
  await admin.send(
    new CreateGrantCommand({ KeyId, GranteePrincipal: workerArn, Operations: ['Decrypt'] }),
  );

  for (const role of ['Admin', 'Worker']) {
    const error = await failure(
      cloud.kmsClient(role).send(new DecryptCommand({ CiphertextBlob, EncryptionContext })),
    );
    expect(error).toMatchObject(denied);
    expect(error.message).toContain('explicit deny');
  }
});

test('a right that needs a service in between is worth nothing in a direct call', async () => {
  const { arn: KeyId } = await key(
    toRoot('kms:*', { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } }),
  );

  const error = await failure(
    cloud.kmsClient('Admin').send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
  );

  expect(error).toMatchObject(denied);
});

test('conditions hold a new grant to one kind of grantee, operation and constraint', async () => {
  const { arn: KeyId } = await key(toRoot('kms:*'));
  const session = (role: string) => `arn:aws:sts::${accountId}:assumed-role/${role}/i-1`;
  cloud.addRole('DeliverKey', {
    Effect: 'Allow',
    Action: 'kms:CreateGrant',
    Resource: KeyId,
    Condition: {
      StringLike: { 'kms:GranteePrincipal': session('WorkerRole').replace('i-1', '*') },
      'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'GenerateDataKey'] },
      'ForAnyValue:StringEquals': { 'kms:GrantConstraintType': 'EncryptionContextSubset' },
      StringEquals: { 'kms:EncryptionContext:study': 'czarhipaa', 'kms:CallerAccount': accountId },
      Bool: { 'kms:GrantIsForAWSResource': 'false' },
    },
  });
  const grant = (role: string, Operations: GrantOperation[], context?: Record<string, string>) =>
    cloud.kmsClient('DeliverKey').send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: session(role),
        Operations,
        ...(context && { Constraints: { EncryptionContextSubset: context } }),
      }),
    );
  const study = { study: 'czarhipaa', batch: 'b1' };

  await grant('WorkerRole', ['Decrypt', 'GenerateDataKey'], study);

  expect(await failure(grant('OtherRole', ['Decrypt'], study))).toMatchObject(denied);
  expect(await failure(grant('WorkerRole', ['Encrypt'], study))).toMatchObject(denied);
  expect(await failure(grant('WorkerRole', ['Decrypt']))).toMatchObject(denied);
  expect(
    await failure(grant('WorkerRole', ['Decrypt'], { ...study, study: 'other' })),
  ).toMatchObject(denied);
});

test('a condition on aliases and tags finds the key by them', async () => {
  const { arn: KeyId } = await key(toRoot('kms:*'));
  await cloud.declare('AWS::KMS::Alias', 'Alias', {
    AliasName: 'alias/by-name',
    TargetKeyId: KeyId,
  });
  const describe_ = { Effect: 'Allow', Action: 'kms:DescribeKey', Resource: '*' };
  cloud.addRole('ByAlias', {
    ...describe_,
    Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/by-name' } },
  });
  cloud.addRole('ByRequest', {
    ...describe_,
    Condition: { StringEquals: { 'kms:RequestAlias': 'alias/by-name' } },
  });
  cloud.addRole('ByTag', {
    ...describe_,
    Condition: { StringEquals: { 'aws:ResourceTag/pit': 'czarhipaa' } },
  });
  const describe = (role: string, name: string) =>
    cloud.kmsClient(role).send(new DescribeKeyCommand({ KeyId: name }));

  await describe('ByAlias', KeyId);
  await describe('ByRequest', 'alias/by-name');
  await describe('ByTag', KeyId);

  expect(await failure(describe('ByRequest', KeyId))).toMatchObject(denied);
});

test('a condition limits how soon a key may be deleted', async () => {
  const { arn: KeyId } = await key(toRoot('kms:*'));
  cloud.addRole('Patient', {
    Effect: 'Allow',
    Action: 'kms:ScheduleKeyDeletion',
    Resource: KeyId,
    Condition: { NumericGreaterThanEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30' } },
  });
  const schedule = (PendingWindowInDays: number) =>
    cloud.kmsClient('Patient').send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }));

  expect(await failure(schedule(7))).toMatchObject(denied);
  await schedule(30);
});

test('answers the key policy as the template has it', async () => {
  const statement = toRoot('kms:*');
  const { arn: KeyId } = await key(statement);

  const { Policy = '' } = await cloud
    .kmsClient('Admin')
    .send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }));

  expect(JSON.parse(Policy)).toEqual({ Version: '2012-10-17', Statement: [statement] });
});

test('a denied call is logged with its key', async () => {
  const { arn: KeyId } = await key(toRoot('kms:*'));
  cloud.addRole('Nobody');

  await failure(cloud.kmsClient('Nobody').send(new ListGrantsCommand({ KeyId })));

  expect((await cloud.records()).at(-1)).toMatchObject({
    eventName: 'ListGrants',
    errorCode: 'AccessDenied',
    resources: [{ ARN: KeyId }],
  });
});
