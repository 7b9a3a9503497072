import {
  CreateGrantCommand,
  DecryptCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  type CreateGrantCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accountId, failure, startTestCloud, type TestCloud } from '../s3/test-cloud.ts';

let cloud: TestCloud;
let admin: KMSClient;
let worker: KMSClient;
let workerArn: string;
let KeyId: string;

const batch = { study: 'czarhipaa', batch: 'b1' };
const input = { ...batch, kind: 'input' };

beforeAll(async () => {
  cloud = await startTestCloud();
  admin = cloud.kmsClient('Admin');
  workerArn = cloud.addRole('Worker');
  worker = cloud.kmsClient('Worker');
});

beforeEach(async () => {
  KeyId = (await cloud.declare('AWS::KMS::Key', 'DataKey')).arn;
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

function grant(options: Partial<CreateGrantCommandInput> = {}) {
  return admin.send(
    new CreateGrantCommand({
      KeyId,
      GranteePrincipal: workerArn,
      Operations: ['Decrypt', 'GenerateDataKey'],
      Constraints: { EncryptionContextSubset: batch },
      ...options,
    }),
  );
}

async function ciphertext(EncryptionContext: Record<string, string> = input) {
  const answer = await admin.send(
    new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext }),
  );
  return answer.CiphertextBlob;
}

async function decrypts(EncryptionContext: Record<string, string> = input, tokens?: string[]) {
  return worker.send(
    new DecryptCommand({
      CiphertextBlob: await ciphertext(EncryptionContext),
      EncryptionContext,
      GrantTokens: tokens,
    }),
  );
}

async function list(options: { Limit?: number; Marker?: string; GrantId?: string } = {}) {
  return admin.send(new ListGrantsCommand({ KeyId, ...options }));
}

const denied = { name: 'AccessDeniedException', status: 400 };

describe('a grant', () => {
  test('lets its grantee in at once, and nobody without it', async () => {
    const before = await failure(decrypts());

    const { GrantToken = '' } = await grant();

    expect(before).toMatchObject(denied);
    expect((await decrypts()).KeyId).toBe(KeyId);
    expect((await decrypts(input, [GrantToken])).KeyId).toBe(KeyId);
  });

  test('holds for its operations only', async () => {
    await grant({ Operations: ['GenerateDataKey'] });

    const generated = await worker.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: input }),
    );

    expect(generated.KeyId).toBe(KeyId);
    expect(await failure(decrypts())).toMatchObject(denied);
  });

  test('with a subset holds for contexts that contain it', async () => {
    await grant();

    await decrypts({ ...batch, kind: 'result' });

    expect(await failure(decrypts({ ...input, batch: 'b2' }))).toMatchObject(denied);
    expect(await failure(decrypts({ kind: 'input' }))).toMatchObject(denied);
  });

  test('with an exact context holds for that one only', async () => {
    await grant({ Constraints: { EncryptionContextEquals: input } });

    await decrypts(input);

    expect(await failure(decrypts({ ...input, more: '1' }))).toMatchObject(denied);
    expect(await failure(decrypts(batch))).toMatchObject(denied);
  });

  test.each([
    ['revoked', (GrantId?: string) => new RevokeGrantCommand({ KeyId, GrantId })],
    ['retired', (GrantId?: string) => new RetireGrantCommand({ KeyId, GrantId })],
  ])('that is %s is gone at once', async (_how, end) => {
    const { GrantId, GrantToken = '' } = await grant();
    await decrypts();

    await admin.send(end(GrantId) as RevokeGrantCommand);

    expect(await failure(decrypts())).toMatchObject(denied);
    expect(await failure(decrypts(input, [GrantToken]))).toMatchObject(denied);
    expect((await list()).Grants).toEqual([]);
    expect(await failure(admin.send(end(GrantId) as RevokeGrantCommand))).toMatchObject({
      name: 'NotFoundException',
    });
  });

  test('is retired with its token by its retiring principal, and by no other', async () => {
    const RetiringPrincipal = cloud.addRole('Retirer');
    const { GrantToken } = await grant({ RetiringPrincipal });
    const retire = (role: string) =>
      cloud.kmsClient(role).send(new RetireGrantCommand({ GrantToken }));

    expect(await failure(retire('Worker'))).toMatchObject(denied);
    await retire('Retirer');

    expect((await list()).Grants).toEqual([]);
  });

  test('is not made on a disabled key', async () => {
    await admin.send(new DisableKeyCommand({ KeyId }));

    expect(await failure(grant())).toMatchObject({ name: 'DisabledException' });
  });

  test('can still be ended on a disabled key', async () => {
    const { GrantId } = await grant();
    await admin.send(new DisableKeyCommand({ KeyId }));

    await admin.send(new RevokeGrantCommand({ KeyId, GrantId }));

    expect((await list()).Grants).toEqual([]);
  });

  test.each([
    ['a principal that is none', { GranteePrincipal: 'worker' }, 'GranteePrincipal'],
    ['an operation it cannot hold', { Operations: ['CreateGrant'] }, 'Operations.0'],
    ['a name with a space', { Name: 'a b' }, 'Name'],
  ] as const)('is refused with %s', async (_what, options, named) => {
    const error = await failure(grant(options as Partial<CreateGrantCommandInput>));

    expect(error).toMatchObject({ name: 'ValidationException' });
    expect(error.message).toContain(named);
  });
});

describe('the name of a grant', () => {
  const Name = 'czarhipaa/b1/0123456789ab/0/1';

  test('makes a repeated call answer the same grant with another token', async () => {
    const first = await grant({ Name });
    const second = await grant({ Name, Operations: ['GenerateDataKey', 'Decrypt'] });

    expect(second.GrantId).toBe(first.GrantId);
    expect(second.GrantToken).not.toBe(first.GrantToken);
    expect((await list()).Grants).toHaveLength(1);
  });

  test.each([
    ['another name', { Name: 'other' }],
    ['other operations', { Name, Operations: ['Decrypt'] }],
    ['another context', { Name, Constraints: { EncryptionContextSubset: { batch: 'b2' } } }],
    ['the other constraint', { Name, Constraints: { EncryptionContextEquals: batch } }],
    ['no constraint', { Name, Constraints: undefined }],
    ['another grantee', { Name, GranteePrincipal: `arn:aws:iam::${accountId}:role/Other` }],
  ] as const)('makes a new grant with %s', async (_what, options) => {
    const first = await grant({ Name });

    const second = await grant(options as Partial<CreateGrantCommandInput>);

    expect(second.GrantId).not.toBe(first.GrantId);
  });

  test('is free again once the grant is gone, and a missing name makes a new grant each time', async () => {
    const first = await grant({ Name });
    await admin.send(new RevokeGrantCommand({ KeyId, GrantId: first.GrantId }));

    const again = await grant({ Name });
    const unnamed = [await grant(), await grant()];

    expect(again.GrantId).not.toBe(first.GrantId);
    expect(unnamed[0]?.GrantId).not.toBe(unnamed[1]?.GrantId);
  });
});

describe('a listing of grants', () => {
  test('says everything but the token', async () => {
    const { GrantId } = await grant({ Name: 'n' });

    const { Grants } = await list({ GrantId });

    expect(Grants).toMatchObject([
      {
        KeyId,
        GrantId,
        Name: 'n',
        GranteePrincipal: workerArn,
        IssuingAccount: `arn:aws:iam::${accountId}:root`,
        Operations: ['Decrypt', 'GenerateDataKey'],
        Constraints: { EncryptionContextSubset: batch },
      },
    ]);
    expect(Grants?.[0]?.CreationDate?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test('comes in pages that lose nothing when a grant ends between them', async () => {
    const ids: (string | undefined)[] = [];
    for (let index = 0; index < 5; index += 1) ids.push((await grant()).GrantId);

    const first = await list({ Limit: 2 });
    await admin.send(new RevokeGrantCommand({ KeyId, GrantId: ids[0] }));
    const second = await list({ Limit: 2, Marker: first.NextMarker });
    const third = await list({ Limit: 2, Marker: second.NextMarker });

    const seen = [first, second, third].flatMap((page) => page.Grants ?? []);
    expect(seen.map((one) => one.GrantId)).toEqual(ids);
    expect([first.Truncated, second.Truncated, third.Truncated]).toEqual([true, true, false]);
  });

  test('is filtered by grantee', async () => {
    const other = `arn:aws:sts::${accountId}:assumed-role/Worker/i-2`;
    await grant();
    const { GrantId } = await grant({ GranteePrincipal: other });

    const { Grants } = await admin.send(new ListGrantsCommand({ KeyId, GranteePrincipal: other }));

    expect(Grants?.map((one) => one.GrantId)).toEqual([GrantId]);
  });

  test('over all keys holds what a principal may retire', async () => {
    const RetiringPrincipal = `arn:aws:iam::${accountId}:role/Retirer`;
    const { GrantId } = await grant({ RetiringPrincipal });
    await grant();

    const { Grants } = await admin.send(new ListRetirableGrantsCommand({ RetiringPrincipal }));

    expect(Grants?.map((one) => one.GrantId)).toEqual([GrantId]);
  });

  test('refuses a marker that is none', async () => {
    expect(await failure(list({ Marker: 'x' }))).toMatchObject({ name: 'InvalidMarkerException' });
  });
});

test.each(['made-up', Buffer.alloc(200).toString('base64')])(
  'refuses a grant token that was never issued',
  async (token) => {
    await grant();

    expect(await failure(decrypts(input, [token]))).toMatchObject({
      name: 'InvalidGrantTokenException',
    });
  },
);

test('logs who got what for which context', async () => {
  const { GrantId } = await grant({ Name: 'n' });

  const record = (await cloud.records()).at(-1);
  expect(record).toMatchObject({
    eventName: 'CreateGrant',
    readOnly: false,
    requestParameters: {
      keyId: KeyId,
      granteePrincipal: workerArn,
      operations: ['Decrypt', 'GenerateDataKey'],
      constraints: { encryptionContextSubset: batch },
      name: 'n',
    },
    responseElements: { grantId: GrantId, keyId: KeyId },
    resources: [{ ARN: KeyId, type: 'AWS::KMS::Key' }],
  });
});
