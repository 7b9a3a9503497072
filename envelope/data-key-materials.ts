import {
  getLocalCryptographicMaterialsCache,
  KmsKeyringNode,
  NodeCachingMaterialsManager,
  type NodeMaterialsManager,
} from '@aws-crypto/client-node';
import {
  DecryptCommand,
  GenerateDataKeyCommand,
  IncorrectKeyException,
  InvalidCiphertextException,
} from '@aws-sdk/client-kms';
import { CiphertextError } from './ciphertext-error.ts';
import type { EnvelopeKey } from './envelope-key.ts';

/**
 * How long and for how much one data key of KMS serves.
 *
 * Suite 0x0478 derives a key of its own for every message from 256 random bits, so AES-GCM's limits
 * apply to a message (2^32 frames of 1 MiB, 4 PiB) and not to the data key; messages and bytes are
 * therefore the library's own limits, far above a batch of a million objects. The age is the
 * longest that a batch may run (`maxMinutes` of the request: 1440).
 */
export const dataKeyLimits = {
  maxAge: 24 * 60 * 60 * 1000,
  maxMessagesEncrypted: 2 ** 32,
  maxBytesEncrypted: Number.MAX_SAFE_INTEGER,
} as const;

/** Data keys held at once. Each worker and attempt of a batch has one: at most 40 times 3. */
const heldDataKeys = 256;

/**
 * Gets data keys from KMS: one to encrypt with, and one call per distinct encrypted one to decrypt.
 *
 * Requests pass one at a time, because the library's cache lets every request that comes before the
 * first answer make a call of its own. KMS's own errors come out as they were thrown; the keyring
 * would bury them in the text of another. Only what KMS says of the encrypted key itself becomes a
 * {@link CiphertextError}.
 */
export function createMaterials({ kms, keyArn, grantTokens }: EnvelopeKey): NodeMaterialsManager {
  let failure: unknown;
  const kept = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  const keyring = new KmsKeyringNode({
    generatorKeyId: keyArn,
    grantTokens: grantTokens === undefined ? undefined : [...grantTokens],
    clientProvider: () => ({
      generateDataKey: (input) => kept(kms.send(new GenerateDataKeyCommand(input))),
      decrypt: (input) => kept(kms.send(new DecryptCommand(input))),
      // The keyring only encrypts a data key that another keyring made, and there is none.
      encrypt: () => Promise.reject(new Error('kms:Encrypt is not used.')),
    }),
  });
  const cached = new NodeCachingMaterialsManager({
    backingMaterials: keyring,
    cache: getLocalCryptographicMaterialsCache(heldDataKeys),
    ...dataKeyLimits,
  });

  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(get: () => Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      failure = undefined;
      try {
        return await get();
      } catch (error) {
        throw translated(failure ?? error);
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    getEncryptionMaterials: (request) => inTurn(() => cached.getEncryptionMaterials(request)),
    decryptMaterials: (request) => inTurn(() => cached.decryptMaterials(request)),
  };
}

function translated(error: unknown): unknown {
  const ofTheKey =
    error instanceof InvalidCiphertextException || error instanceof IncorrectKeyException;
  return ofTheKey ? new CiphertextError('CORRUPT', { cause: error }) : error;
}
