import { createSecretKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { ApiError } from '../../api.ts';

/** The kinds of key that there are here, and what AWS tells of each. */
export const keySpecs = {
  SYMMETRIC_DEFAULT: {
    usage: 'ENCRYPT_DECRYPT',
    algorithms: { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] },
  },
  ECC_NIST_P384: {
    usage: 'SIGN_VERIFY',
    algorithms: { SigningAlgorithms: ['ECDSA_SHA_384'] },
  },
} as const;

export type KeySpec = keyof typeof keySpecs;
export type KeyUsage = (typeof keySpecs)[KeySpec]['usage'];

/** What DescribeKey and GetPublicKey tell of a key's kind; `CustomerMasterKeySpec` is its old name. */
export function describeSpec(spec: KeySpec) {
  const { usage, algorithms } = keySpecs[spec];
  return { CustomerMasterKeySpec: spec, KeySpec: spec, KeyUsage: usage, ...algorithms };
}

/** Makes the material of a new key: a secret, or the private half of a pair. */
export function newMaterial(spec: KeySpec): KeyObject {
  if (spec === 'SYMMETRIC_DEFAULT') return createSecretKey(randomBytes(32));
  return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
}

/**
 * Refuses an operation that is not what a key is for.
 *
 * @throws ApiError InvalidKeyUsageException
 */
export function requireUsage(key: { arn: string; spec: KeySpec }, usage: KeyUsage): void {
  const has = keySpecs[key.spec].usage;
  if (has !== usage) {
    throw new ApiError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${has} which is not valid for this operation.`,
    );
  }
}
