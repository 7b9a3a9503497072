import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  KMS,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { buildClient, CommitmentPolicy, KmsKeyringNode } from '@aws-crypto/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failure, startTestCloud, type TestCloud } from '../s3/test-cloud.ts';

let cloud: TestCloud;
let kms: KMSClient;
let keyArn: string;

const context = { study: 'czarhipaa', batch: 'b1', kind: 'input' };
const plaintext = Buffer.from('sixteen bytes ok');

beforeAll(async () => {
  cloud = await startTestCloud();
  kms = cloud.kmsClient('Admin');
});

beforeEach(async () => {
  keyArn = (await cloud.declare('AWS::KMS::Key', 'DataKey')).arn;
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

async function encrypt(EncryptionContext: Record<string, string> = context) {
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: keyArn, Plaintext: plaintext, EncryptionContext }),
  );
  return Buffer.from(CiphertextBlob ?? []);
}

function decrypt(CiphertextBlob: Buffer, EncryptionContext?: Record<string, string>) {
  return kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
}

describe('a ciphertext', () => {
  test('is decrypted with its context, in whatever order', async () => {
    const { kind, batch, study } = context;

    const answer = await decrypt(await encrypt(), { kind, batch, study });

    expect(Buffer.from(answer.Plaintext ?? []).equals(plaintext)).toBe(true);
    expect(answer).toMatchObject({ KeyId: keyArn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
  });

  test.each([
    ['another value', { ...context, batch: 'b2' }],
    ['another case', { ...context, batch: 'B1' }],
    ['a pair more', { ...context, more: '' }],
    ['a pair less', { study: 'czarhipaa', batch: 'b1' }],
    ['nothing', undefined],
    ['the border between name and value moved', { ...context, kin: 'dinput', kind: '' }],
  ])('is not decrypted with %s as its context', async (_what, other) => {
    expect(await failure(decrypt(await encrypt(), other))).toMatchObject({
      name: 'InvalidCiphertextException',
      status: 400,
    });
  });

  test('is not decrypted when any byte of it was changed', async () => {
    const ciphertext = await encrypt();

    for (let index = 0; index < ciphertext.length; index += 1) {
      const changed = Buffer.from(ciphertext);
      changed[index]! ^= 1;
      const { name } = await failure(decrypt(changed, context));
      // A changed key id names a key that is not there.
      expect(['InvalidCiphertextException', 'NotFoundException']).toContain(name);
    }
  });

  test.each([0, 1, 10, 47])('is not decrypted when it is cut to %i bytes', async (length) => {
    const cut = (await encrypt()).subarray(0, length);
    const call = decrypt(cut.length > 0 ? cut : Buffer.from([0]), context);

    expect(await failure(call)).toMatchObject({ name: 'InvalidCiphertextException' });
  });

  test('differs each time', async () => {
    expect((await encrypt()).equals(await encrypt())).toBe(false);
  });

  test('is not decrypted under another key than the caller expects', async () => {
    const other = await cloud.declare('AWS::KMS::Key', 'Other');

    const call = kms.send(
      new DecryptCommand({
        CiphertextBlob: await encrypt(),
        KeyId: other.arn,
        EncryptionContext: context,
      }),
    );

    expect(await failure(call)).toMatchObject({ name: 'IncorrectKeyException' });
  });

  test('holds 4096 bytes and no more', async () => {
    const call = (size: number) =>
      kms.send(new EncryptCommand({ KeyId: keyArn, Plaintext: Buffer.alloc(size) }));

    expect((await call(4096)).KeyId).toBe(keyArn);
    expect(await failure(call(4097))).toMatchObject({ name: 'ValidationException' });
  });

  test('is encrypted again under another key and context', async () => {
    const other = await cloud.declare('AWS::KMS::Key', 'Other');

    const { CiphertextBlob } = await kms.send(
      new ReEncryptCommand({
        CiphertextBlob: await encrypt(),
        SourceEncryptionContext: context,
        DestinationKeyId: other.arn,
        DestinationEncryptionContext: { a: 'b' },
      }),
    );

    const answer = await decrypt(Buffer.from(CiphertextBlob ?? []), { a: 'b' });
    expect(answer.KeyId).toBe(other.arn);
    expect(Buffer.from(answer.Plaintext ?? []).equals(plaintext)).toBe(true);
  });
});

describe('a data key', () => {
  test.each([
    ['AES_256', { KeySpec: 'AES_256' }, 32],
    ['AES_128', { KeySpec: 'AES_128' }, 16],
    ['64 bytes', { NumberOfBytes: 64 }, 64],
  ] as const)('of %s is random and can be decrypted', async (_what, size, bytes) => {
    const command = { KeyId: keyArn, EncryptionContext: context, ...size };
    const first = await kms.send(new GenerateDataKeyCommand(command));
    const second = await kms.send(new GenerateDataKeyCommand(command));

    const answer = await decrypt(Buffer.from(first.CiphertextBlob ?? []), context);

    expect(first.Plaintext).toHaveLength(bytes);
    expect(first.Plaintext).not.toEqual(second.Plaintext);
    expect(Buffer.from(answer.Plaintext ?? [])).toEqual(Buffer.from(first.Plaintext ?? []));
  });

  test('comes without its plaintext where that is asked for', async () => {
    const answer = await kms.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId: keyArn, KeySpec: 'AES_256' }),
    );

    expect(answer).not.toHaveProperty('Plaintext');
    expect((await decrypt(Buffer.from(answer.CiphertextBlob ?? []))).Plaintext).toHaveLength(32);
  });

  test('is refused without a size, and with two', async () => {
    for (const size of [{}, { KeySpec: 'AES_256', NumberOfBytes: 32 }] as const) {
      const call = kms.send(new GenerateDataKeyCommand({ KeyId: keyArn, ...size }));
      expect(await failure(call)).toMatchObject({ name: 'ValidationException' });
    }
  });

  test("serves the AWS Encryption SDK's keyring", async () => {
    const { encrypt: seal, decrypt: open } = buildClient(
      CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    );
    const keyring = new KmsKeyringNode({
      generatorKeyId: keyArn,
      clientProvider: () => new KMS(cloud.clientConfig('Admin')),
    });

    /* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- the library freezes its classes in a way that its types do not show */
    const { result } = await seal(keyring, 'canary', { encryptionContext: context });
    const opened = await open(keyring, result);
    /* eslint-enable @typescript-eslint/no-unsafe-class-instance-assignment */

    expect(opened.plaintext.toString()).toBe('canary');
    expect(opened.messageHeader.encryptionContext).toMatchObject(context);
  });
});

describe('a key', () => {
  test('is found by id, ARN, alias and the ARN of an alias', async () => {
    await cloud.declare('AWS::KMS::Alias', 'Alias', {
      AliasName: 'alias/czarhipaa/data',
      TargetKeyId: keyArn,
    });
    const aliasArn = keyArn.replace(/key\/.*/, 'alias/czarhipaa/data');

    for (const KeyId of [keyArn, keyArn.split('/')[1], 'alias/czarhipaa/data', aliasArn]) {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
      expect(KeyMetadata).toMatchObject({ Arn: keyArn, KeyState: 'Enabled' });
    }
  });

  test.each([
    'alias/none',
    '00000000-0000-0000-0000-000000000000',
    'arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000',
  ])('is not found as %s', async (KeyId) => {
    expect(await failure(kms.send(new DescribeKeyCommand({ KeyId })))).toMatchObject({
      name: 'NotFoundException',
    });
  });

  test('does nothing while it is disabled', async () => {
    const ciphertext = await encrypt();

    await kms.send(new DisableKeyCommand({ KeyId: keyArn }));
    const errors = [await failure(encrypt()), await failure(decrypt(ciphertext, context))];
    await kms.send(new EnableKeyCommand({ KeyId: keyArn }));

    expect(errors.map((error) => error.name)).toEqual(['DisabledException', 'DisabledException']);
    expect((await decrypt(ciphertext, context)).KeyId).toBe(keyArn);
  });

  test('does nothing while it waits for its deletion, and can be saved', async () => {
    const ciphertext = await encrypt();

    const scheduled = await kms.send(
      new ScheduleKeyDeletionCommand({ KeyId: keyArn, PendingWindowInDays: 7 }),
    );
    const error = await failure(decrypt(ciphertext, context));
    await kms.send(new CancelKeyDeletionCommand({ KeyId: keyArn }));
    await kms.send(new EnableKeyCommand({ KeyId: keyArn }));

    expect(scheduled).toMatchObject({ KeyState: 'PendingDeletion', PendingWindowInDays: 7 });
    expect(error).toMatchObject({ name: 'KMSInvalidStateException' });
    expect((await decrypt(ciphertext, context)).KeyId).toBe(keyArn);
  });

  test.each([
    ['EnableKeyRotations', { EnableKeyRotations: true }],
    ['Enabled', { Enabled: 'yes' }],
    ['KeySpec', { KeySpec: 'RSA_2048' }],
    ['MultiRegion', { MultiRegion: true }],
  ])('of a template is refused with a property it does not support: %s', async (name, property) => {
    await expect(cloud.declare('AWS::KMS::Key', 'Odd', property)).rejects.toThrow(
      `Test-Data/Odd (AWS::KMS::Key): ${name}`,
    );
  });
});

test('answers random bytes', async () => {
  const answer = await kms.send(new GenerateRandomCommand({ NumberOfBytes: 24 }));

  expect(answer.Plaintext).toHaveLength(24);
});

test('refuses by name what it does not support', async () => {
  const operation = await failure(cloud.kmsClient('Admin').send(new CreateKeyCommand({})));
  const parameter = await failure(
    kms.send(new EncryptCommand({ KeyId: keyArn, Plaintext: plaintext, DryRun: true })),
  );

  expect(operation).toMatchObject({ name: 'UnsupportedOperation', status: 501 });
  expect(operation.message).toContain('CreateKey');
  expect(parameter.message).toBe(
    'KMS Encrypt: parameter DryRun is not supported by the embedded cloud',
  );
});

test('logs which key and context, and never a plaintext', async () => {
  const answer = await kms.send(
    new GenerateDataKeyCommand({
      KeyId: keyArn,
      KeySpec: 'AES_256',
      EncryptionContext: context,
    }),
  );

  const record = (await cloud.records()).at(-1);
  expect(record).toMatchObject({
    eventSource: 'kms.amazonaws.com',
    eventName: 'GenerateDataKey',
    eventCategory: 'Management',
    requestParameters: { keyId: keyArn, keySpec: 'AES_256', encryptionContext: context },
    responseElements: null,
    resources: [{ ARN: keyArn, type: 'AWS::KMS::Key' }],
  });
  const secret = Buffer.from(answer.Plaintext ?? []).toString('base64');
  expect(JSON.stringify(await cloud.records())).not.toContain(secret);
});
