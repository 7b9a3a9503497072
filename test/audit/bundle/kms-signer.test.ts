import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { kmsSigner } from '../../../audit/bundle/kms-signer.ts';

const kms = mockClient(KMSClient);
const keyId = 'arn:aws:kms:us-east-1:111122223333:key/evidence';

it('hands KMS a digest only, and gives back its signature and key', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const text = Buffer.from('a list of digests\n');
  kms
    .on(GetPublicKeyCommand, { KeyId: keyId })
    .resolves({ PublicKey: publicKey.export({ format: 'der', type: 'spki' }) });
  kms
    .on(SignCommand, {
      KeyId: keyId,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_384',
      Message: createHash('sha384').update(text).digest(),
    })
    .resolves({ Signature: sign('sha384', text, privateKey) });
  const signer = kmsSigner(new KMSClient({ region: 'us-east-1' }), keyId);

  const [pem, signature] = [await signer.publicKeyPem(), await signer.sign(text)];

  expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+-----END PUBLIC KEY-----\n$/);
  expect(verify('sha384', text, createPublicKey(pem), signature)).toBe(true);
});

it('takes no answer without a key or a signature', async () => {
  kms.on(GetPublicKeyCommand).resolves({});
  kms.on(SignCommand).resolves({});
  const signer = kmsSigner(new KMSClient({ region: 'us-east-1' }), keyId);

  await expect(signer.publicKeyPem()).rejects.toThrow('without a public key');
  await expect(signer.sign(Buffer.from('x'))).rejects.toThrow('without a signature');
});
