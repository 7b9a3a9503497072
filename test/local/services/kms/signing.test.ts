import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  CreateGrantCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  type KMSClient,
  SignCommand,
  type SignCommandInput,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountId, failure, startTestCloud, type TestCloud } from '../s3/test-cloud.ts';

const message = Buffer.from('tagmanifest-sha512.txt');
const digest = createHash('sha384').update(message).digest();
const signing = { KeySpec: 'ECC_NIST_P384', KeyUsage: 'SIGN_VERIFY' };

let cloud: TestCloud;
let kms: KMSClient;
let KeyId: string;
let symmetric: string;

beforeAll(async () => {
  cloud = await startTestCloud();
  kms = cloud.kmsClient('Admin');
  KeyId = (await cloud.declare('AWS::KMS::Key', 'EvidenceKey', signing)).arn;
  symmetric = (await cloud.declare('AWS::KMS::Key', 'DataKey')).arn;
});

afterAll(async () => {
  expect(cloud.defects).toEqual([]);
  await cloud.stop();
});

async function sign(input: Partial<SignCommandInput> = {}): Promise<Uint8Array> {
  const { Signature } = await kms.send(
    new SignCommand({
      KeyId,
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_384',
      ...input,
    }),
  );
  return Signature!;
}

async function publicKey() {
  const answer = await kms.send(new GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: Buffer.from(answer.PublicKey!), format: 'der', type: 'spki' });
}

describe('a key that signs', () => {
  test('signs a digest so that anybody with the public key can verify the message', async () => {
    const key = await publicKey();

    // Numbers of a signature have leading zeros, or a first bit, in some of them only.
    for (let times = 0; times < 30; times += 1) {
      const signature = await sign();
      expect(verify('sha384', message, key, signature)).toBe(true);
      expect(verify('sha384', Buffer.from('another'), key, signature)).toBe(false);
    }
  });

  test('hashes a message that is not a digest', async () => {
    const signature = await sign({ Message: message, MessageType: 'RAW' });

    expect(verify('sha384', message, await publicKey(), signature)).toBe(true);
  });

  test('never signs twice alike', async () => {
    expect(await sign()).not.toEqual(await sign());
  });

  test('tells what it is for, and that it is not rotated', async () => {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    const rotation = await kms.send(new GetKeyRotationStatusCommand({ KeyId }));

    expect(KeyMetadata).toMatchObject({ ...signing, SigningAlgorithms: ['ECDSA_SHA_384'] });
    expect(KeyMetadata?.EncryptionAlgorithms).toBeUndefined();
    expect(rotation.KeyRotationEnabled).toBe(false);
  });

  test('tells the same with its public key', async () => {
    const answer = await kms.send(new GetPublicKeyCommand({ KeyId }));

    expect(answer).toMatchObject({ KeyId, ...signing, SigningAlgorithms: ['ECDSA_SHA_384'] });
  });

  test.each([
    ['encrypt', () => new EncryptCommand({ KeyId, Plaintext: message })],
    ['make data keys', () => new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })],
    [
      'be granted',
      () =>
        new CreateGrantCommand({
          KeyId,
          GranteePrincipal: `arn:aws:iam::${accountId}:role/worker`,
          Operations: ['Decrypt'],
        }),
    ],
  ])('does not %s', async (_what, command) => {
    const error = await failure(kms.send(command() as EncryptCommand));

    expect(error).toMatchObject({ name: 'InvalidKeyUsageException', status: 400 });
  });

  test('does not sign by another algorithm', async () => {
    const error = await failure(sign({ SigningAlgorithm: 'ECDSA_SHA_256' }));

    expect(error.name).toBe('InvalidKeyUsageException');
  });

  test('does not sign what is no digest of that length', async () => {
    const error = await failure(sign({ Message: digest.subarray(1) }));

    expect(error.name).toBe('ValidationException');
  });

  test('does neither when it is disabled', async () => {
    const { arn } = await cloud.declare('AWS::KMS::Key', 'DisabledKey', signing);
    await kms.send(new DisableKeyCommand({ KeyId: arn }));

    expect((await failure(sign({ KeyId: arn }))).name).toBe('DisabledException');
    expect((await failure(kms.send(new GetPublicKeyCommand({ KeyId: arn })))).name).toBe(
      'DisabledException',
    );
  });

  test('signs only what its policy lets pass', async () => {
    const { arn } = await cloud.declare('AWS::KMS::Key', 'FencedKey', {
      ...signing,
      KeyPolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${accountId}:root` },
            Action: 'kms:Sign',
            Resource: '*',
            Condition: {
              StringEquals: {
                'kms:SigningAlgorithm': 'ECDSA_SHA_384',
                'kms:MessageType': 'DIGEST',
                'kms:KeyUsage': 'SIGN_VERIFY',
                'kms:KeySpec': 'ECC_NIST_P384',
              },
            },
          },
        ],
      },
    });

    await sign({ KeyId: arn });
    const raw = await failure(sign({ KeyId: arn, MessageType: 'RAW' }));
    const other = await failure(kms.send(new GetPublicKeyCommand({ KeyId: arn })));

    expect(raw.name).toBe('AccessDeniedException');
    expect(other.name).toBe('AccessDeniedException');
  });

  test('leaves a record of each signature, without what was signed', async () => {
    await sign();

    const records = await cloud.records();

    const record = records.findLast(({ eventName }) => eventName === 'Sign');
    expect(record).toMatchObject({
      eventSource: 'kms.amazonaws.com',
      readOnly: true,
      requestParameters: {
        keyId: KeyId,
        messageType: 'DIGEST',
        signingAlgorithm: 'ECDSA_SHA_384',
      },
      resources: [{ ARN: KeyId, type: 'AWS::KMS::Key' }],
    });
    expect(JSON.stringify(record)).not.toContain(digest.toString('base64'));
  });
});

describe('a symmetric key', () => {
  test('does not sign, and has no public key', async () => {
    expect((await failure(sign({ KeyId: symmetric }))).name).toBe('InvalidKeyUsageException');
    expect((await failure(kms.send(new GetPublicKeyCommand({ KeyId: symmetric })))).name).toBe(
      'UnsupportedOperationException',
    );
  });
});

describe('a template', () => {
  test.each([
    [{ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, 'KeySpec'],
    [{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }, 'KeySpec'],
    [{ KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' }, 'KeyUsage'],
    [{ KeySpec: 'ECC_NIST_P384' }, 'KeyUsage'],
    [{ KeyUsage: 'SIGN_VERIFY' }, 'KeyUsage'],
    [{ ...signing, EnableKeyRotation: true }, 'EnableKeyRotation'],
    [{ ...signing, RotationPeriodInDays: 365 }, 'RotationPeriodInDays'],
  ])('is refused that asks for a key %o', async (properties, named) => {
    await expect(cloud.declare('AWS::KMS::Key', 'Refused', properties)).rejects.toThrow(named);
  });
});

test('verifying is left to whoever has the public key', async () => {
  const error = await failure(
    kms.send(
      new VerifyCommand({
        KeyId,
        Message: digest,
        MessageType: 'DIGEST',
        Signature: await sign(),
        SigningAlgorithm: 'ECDSA_SHA_384',
      }),
    ),
  );

  expect(error).toMatchObject({ name: 'UnsupportedOperation', status: 501 });
});
