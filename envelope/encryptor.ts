import { CommitmentPolicy, NodeAlgorithmSuite } from '@aws-crypto/client-node';
import { encryptionContext } from '../workflow/model/encryption-context.ts';
import { ByteReader } from './byte-reader.ts';
import { createMaterials } from './data-key-materials.ts';
import type { EnvelopeKey } from './envelope-key.ts';
import { suiteId } from './message-format.ts';
import { writeMessage } from './write-message.ts';

/** The plaintext has more bytes than was said: a file grew while it was read. */
export class PlaintextTooLongError extends Error {
  override readonly name = 'PlaintextTooLongError';
  readonly code = 'PlaintextTooLongError';
}

/** Encrypts for one kind of one batch, under one data key of KMS. */
export interface Encryptor {
  /**
   * Makes a step of a stream pipeline: plaintext in, one message out.
   *
   * `mostBytes` is the size of the plaintext, or a bound where it is not known. The library counts
   * it against the limits of the data key; without it every message would need a key of its own.
   *
   * @throws PlaintextTooLongError where more bytes come; errors of KMS and of the source as they are
   */
  readonly encrypt: (
    mostBytes: number,
  ) => (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer>;
}

/**
 * Makes an encryptor of messages that AWS's own Encryption SDK clients decrypt.
 *
 * Keys, commitment and key derivation are the SDK's; the frames are written here, because the SDK's
 * own stream (5.0.2) throws past every handler when a pipeline is aborted or its source fails.
 */
export function createEncryptor(key: EnvelopeKey): Encryptor {
  const materials = createMaterials(key);
  const request = {
    suite: new NodeAlgorithmSuite(suiteId),
    encryptionContext: encryptionContext(key.place, key.kind),
    commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
  };
  return {
    encrypt: (mostBytes) =>
      async function* encrypt(source) {
        const bytes = new ByteReader(atMost(source, mostBytes));
        try {
          const material = await materials.getEncryptionMaterials({
            ...request,
            plaintextLength: mostBytes,
          });
          yield* writeMessage(bytes, material);
        } finally {
          await bytes.close();
        }
      },
  };
}

async function* atMost(
  source: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) {
      throw new PlaintextTooLongError(`The plaintext is longer than ${mostBytes} bytes.`);
    }
    yield chunk;
  }
}
