import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { ApiError } from '../../api.ts';
import { keyIdOf, seal, unseal } from './ciphertext.ts';
import type { GrantTokens } from './grant-list.ts';
import { checkGrantTokens, keyAccess, keyResources } from './key-access.ts';
import { requireUsage } from './key-spec.ts';
import { requireUsable, type FoundKey, type Key, type KeyStore } from './key-store.ts';
import {
  blob,
  EncryptionContextInput,
  GrantTokensInput,
  KeyName,
  operation,
  type Operation,
  type Prepared,
} from './operation.ts';

const Algorithm = z.literal('SYMMETRIC_DEFAULT').default('SYMMETRIC_DEFAULT');
const MAX_PLAINTEXT_BYTES = 4096;
const MAX_CIPHERTEXT_BYTES = 6144;

const EncryptInput = z.strictObject({
  KeyId: KeyName,
  Plaintext: blob(MAX_PLAINTEXT_BYTES),
  EncryptionContext: EncryptionContextInput,
  EncryptionAlgorithm: Algorithm,
  GrantTokens: GrantTokensInput,
});

const DecryptInput = z.strictObject({
  CiphertextBlob: blob(MAX_CIPHERTEXT_BYTES),
  KeyId: KeyName.optional(),
  EncryptionContext: EncryptionContextInput,
  EncryptionAlgorithm: Algorithm,
  GrantTokens: GrantTokensInput,
});

const DataKeyInput = z
  .strictObject({
    KeyId: KeyName,
    KeySpec: z.enum(['AES_256', 'AES_128']).optional(),
    NumberOfBytes: z.int().min(1).max(1024).optional(),
    EncryptionContext: EncryptionContextInput,
    GrantTokens: GrantTokensInput,
  })
  .refine((input) => (input.KeySpec === undefined) !== (input.NumberOfBytes === undefined), {
    path: ['KeySpec'],
    message: 'give either KeySpec or NumberOfBytes',
  });

const ReEncryptInput = z.strictObject({
  CiphertextBlob: blob(MAX_CIPHERTEXT_BYTES),
  SourceKeyId: KeyName.optional(),
  SourceEncryptionContext: EncryptionContextInput,
  SourceEncryptionAlgorithm: Algorithm,
  DestinationKeyId: KeyName,
  DestinationEncryptionContext: EncryptionContextInput,
  DestinationEncryptionAlgorithm: Algorithm,
  GrantTokens: GrantTokensInput,
});

const RandomInput = z.strictObject({ NumberOfBytes: z.int().min(1).max(1024) });

const dataKeyBytes = { AES_256: 32, AES_128: 16 } as const;

/** As CloudTrail does, leaves an empty encryption context out. */
function logged(context: Readonly<Record<string, string>>) {
  return Object.keys(context).length > 0 ? { encryptionContext: context } : {};
}

/**
 * The key of a ciphertext: the one it names, which must be the one that the caller expects.
 *
 * @throws ApiError InvalidCiphertextException, IncorrectKeyException
 */
function keyOfCiphertext(store: KeyStore, ciphertext: Buffer, expected?: string): FoundKey {
  const named = keyIdOf(ciphertext);
  const wanted = expected === undefined ? undefined : store.find(expected);
  if (wanted && wanted.key.keyId !== named) {
    throw new ApiError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  return wanted ?? store.find(named);
}

function encrypt(key: Key, plaintext: Uint8Array, context: Readonly<Record<string, string>>) {
  requireUsable(key);
  requireUsage(key, 'ENCRYPT_DECRYPT');
  return seal(key.keyId, key.material, plaintext, context);
}

function decrypt(key: Key, ciphertext: Buffer, context: Readonly<Record<string, string>>) {
  requireUsable(key);
  requireUsage(key, 'ENCRYPT_DECRYPT');
  return unseal(key.material, ciphertext, context);
}

function generateDataKey(store: KeyStore, tokens: GrantTokens, withPlaintext: boolean): Operation {
  const name = withPlaintext ? 'GenerateDataKey' : 'GenerateDataKeyWithoutPlaintext';
  return operation(DataKeyInput, (input, call): Prepared => {
    checkGrantTokens(tokens, input.GrantTokens);
    const found = store.find(input.KeyId);
    const { EncryptionContext: encryptionContext, KeySpec: keySpec } = input;
    const numberOfBytes = keySpec ? dataKeyBytes[keySpec] : (input.NumberOfBytes ?? 0);
    return {
      access: [keyAccess(store, found, name, call.caller, { encryptionContext })],
      record: {
        readOnly: true,
        requestParameters: {
          keyId: input.KeyId,
          ...(keySpec ? { keySpec } : { numberOfBytes }),
          ...logged(encryptionContext),
        },
        resources: keyResources(found),
      },
      run: () => {
        const dataKey = randomBytes(numberOfBytes);
        return {
          body: {
            CiphertextBlob: encrypt(found.key, dataKey, encryptionContext).toString('base64'),
            ...(withPlaintext && { Plaintext: dataKey.toString('base64') }),
            KeyId: found.key.arn,
          },
        };
      },
    };
  });
}

/** The operations that use a key's material. */
export function cryptographicOperations(
  store: KeyStore,
  tokens: GrantTokens,
): Record<string, Operation> {
  return {
    Encrypt: operation(EncryptInput, (input, call) => {
      checkGrantTokens(tokens, input.GrantTokens);
      const found = store.find(input.KeyId);
      const { EncryptionContext: encryptionContext, EncryptionAlgorithm: algorithm } = input;
      return {
        access: [keyAccess(store, found, 'Encrypt', call.caller, { encryptionContext })],
        record: {
          readOnly: true,
          requestParameters: {
            keyId: input.KeyId,
            encryptionAlgorithm: algorithm,
            ...logged(encryptionContext),
          },
          resources: keyResources(found),
        },
        run: () => ({
          body: {
            CiphertextBlob: encrypt(found.key, input.Plaintext, encryptionContext).toString(
              'base64',
            ),
            KeyId: found.key.arn,
            EncryptionAlgorithm: algorithm,
          },
        }),
      };
    }),

    Decrypt: operation(DecryptInput, (input, call) => {
      checkGrantTokens(tokens, input.GrantTokens);
      const found = keyOfCiphertext(store, input.CiphertextBlob, input.KeyId);
      const { EncryptionContext: encryptionContext, EncryptionAlgorithm: algorithm } = input;
      return {
        access: [keyAccess(store, found, 'Decrypt', call.caller, { encryptionContext })],
        record: {
          readOnly: true,
          requestParameters: {
            ...(input.KeyId !== undefined && { keyId: input.KeyId }),
            encryptionAlgorithm: algorithm,
            ...logged(encryptionContext),
          },
          resources: keyResources(found),
        },
        run: () => ({
          body: {
            KeyId: found.key.arn,
            Plaintext: decrypt(found.key, input.CiphertextBlob, encryptionContext).toString(
              'base64',
            ),
            EncryptionAlgorithm: algorithm,
          },
        }),
      };
    }),

    GenerateDataKey: generateDataKey(store, tokens, true),
    GenerateDataKeyWithoutPlaintext: generateDataKey(store, tokens, false),

    ReEncrypt: operation(ReEncryptInput, (input, call) => {
      checkGrantTokens(tokens, input.GrantTokens);
      const source = keyOfCiphertext(store, input.CiphertextBlob, input.SourceKeyId);
      const target = store.find(input.DestinationKeyId);
      const { SourceEncryptionContext: from, DestinationEncryptionContext: to } = input;
      return {
        access: [
          keyAccess(store, source, 'ReEncryptFrom', call.caller, {
            encryptionContext: from,
            context: { 'kms:ReEncryptOnSameKey': source.key === target.key },
          }),
          keyAccess(store, target, 'ReEncryptTo', call.caller, {
            encryptionContext: to,
            context: { 'kms:ReEncryptOnSameKey': source.key === target.key },
          }),
        ],
        record: {
          readOnly: true,
          requestParameters: {
            sourceEncryptionContext: from,
            destinationKeyId: input.DestinationKeyId,
            destinationEncryptionContext: to,
          },
          resources: [...keyResources(source), ...keyResources(target)],
        },
        run: () => ({
          body: {
            CiphertextBlob: encrypt(
              target.key,
              decrypt(source.key, input.CiphertextBlob, from),
              to,
            ).toString('base64'),
            SourceKeyId: source.key.arn,
            KeyId: target.key.arn,
            SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
            DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
          },
        }),
      };
    }),

    GenerateRandom: operation(RandomInput, (input) => ({
      access: [{ action: 'kms:GenerateRandom', resource: '*' }],
      record: { readOnly: true, requestParameters: { numberOfBytes: input.NumberOfBytes } },
      run: () => ({ body: { Plaintext: randomBytes(input.NumberOfBytes).toString('base64') } }),
    })),
  };
}
