import { createHash, createPublicKey } from 'node:crypto';
import * as z from 'zod';
import { ApiError } from '../../api.ts';
import { signDigest } from './ecdsa.ts';
import type { GrantTokens } from './grant-list.ts';
import { checkGrantTokens, keyAccess, keyResources } from './key-access.ts';
import { describeSpec, requireUsage } from './key-spec.ts';
import { requireUsable, type KeyStore } from './key-store.ts';
import { blob, GrantTokensInput, KeyName, operation, type Operation } from './operation.ts';

const MAX_MESSAGE_BYTES = 4096;
const DIGEST_BYTES = 48;

/** AWS's other names are refused as such: none of them goes with a key that there is here. */
const SigningAlgorithm = z.enum([
  'ECDSA_SHA_384',
  'ECDSA_SHA_256',
  'ECDSA_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
]);

const SignInput = z.strictObject({
  KeyId: KeyName,
  Message: blob(MAX_MESSAGE_BYTES),
  MessageType: z.enum(['RAW', 'DIGEST']).default('RAW'),
  SigningAlgorithm,
  GrantTokens: GrantTokensInput,
});
type SignInput = z.output<typeof SignInput>;

/** The digest that is signed: the caller's, or that of the message. */
function digestOf({ Message, MessageType }: SignInput): Uint8Array {
  if (MessageType === 'RAW') return createHash('sha384').update(Message).digest();
  if (Message.length === DIGEST_BYTES) return Message;
  throw new ApiError(
    'ValidationException',
    'Digest is invalid length for algorithm ECDSA_SHA_384.',
  );
}

/**
 * The operations of keys that sign. There is no Verify: whoever has the public key needs no KMS for it.
 */
export function signingOperations(store: KeyStore, tokens: GrantTokens): Record<string, Operation> {
  return {
    Sign: operation(SignInput, (input, call) => {
      checkGrantTokens(tokens, input.GrantTokens);
      const found = store.find(input.KeyId);
      const { MessageType: messageType, SigningAlgorithm: signingAlgorithm } = input;
      const context = {
        'kms:MessageType': messageType,
        'kms:SigningAlgorithm': signingAlgorithm,
      };
      return {
        access: [keyAccess(store, found, 'Sign', call.caller, { context })],
        record: {
          readOnly: true,
          requestParameters: { keyId: input.KeyId, messageType, signingAlgorithm },
          resources: keyResources(found),
        },
        run: () => {
          const { key } = found;
          requireUsable(key);
          requireUsage(key, 'SIGN_VERIFY');
          if (signingAlgorithm !== 'ECDSA_SHA_384') {
            throw new ApiError(
              'InvalidKeyUsageException',
              `Algorithm ${signingAlgorithm} is incompatible with key spec ${key.spec}.`,
            );
          }
          return {
            body: {
              KeyId: key.arn,
              Signature: signDigest(key.material, digestOf(input)).toString('base64'),
              SigningAlgorithm: signingAlgorithm,
            },
          };
        },
      };
    }),

    GetPublicKey: operation(
      z.strictObject({ KeyId: KeyName, GrantTokens: GrantTokensInput }),
      (input, call) => {
        checkGrantTokens(tokens, input.GrantTokens);
        const found = store.find(input.KeyId);
        return {
          access: [keyAccess(store, found, 'GetPublicKey', call.caller)],
          record: {
            readOnly: true,
            requestParameters: { keyId: input.KeyId },
            resources: keyResources(found),
          },
          run: () => {
            const { key } = found;
            requireUsable(key);
            if (key.spec === 'SYMMETRIC_DEFAULT') {
              throw new ApiError(
                'UnsupportedOperationException',
                `${key.arn} is a symmetric key and has no public key.`,
              );
            }
            const publicKey = createPublicKey(key.material);
            return {
              body: {
                KeyId: key.arn,
                PublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
                ...describeSpec(key.spec),
              },
            };
          },
        };
      },
    ),
  };
}
