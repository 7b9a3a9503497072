import { getDecryptionHelper, NodeAlgorithmSuite } from '@aws-crypto/client-node';
import { encryptionContext } from '../workflow/model/encryption-context.ts';
import { ByteReader } from './byte-reader.ts';
import { CiphertextError } from './ciphertext-error.ts';
import { createMaterials } from './data-key-materials.ts';
import type { EnvelopeKey } from './envelope-key.ts';
import { authenticateHeader, type GetDecipher, readFrames } from './message-frames.ts';
import { suiteId } from './message-format.ts';
import { type MessageHeader, readMessageHeader } from './message-header.ts';

/** Decrypts the ciphertexts of one kind of one batch. */
export interface Decryptor {
  /**
   * A step of a stream pipeline: ciphertext in, plaintext out, frame by authenticated frame.
   *
   * The plaintext is whole only when the pipeline has ended without an error: use it after that.
   *
   * @throws CiphertextError where the ciphertext is at fault; errors of KMS and of the source as
   *   they are
   */
  readonly decrypt: (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer>;
}

/**
 * Makes a decryptor that calls KMS once per distinct encrypted data key.
 *
 * Keys, commitment and key derivation are the AWS Encryption SDK's; header and frames are read here,
 * because the SDK's own stream asks KMS before the context can be checked, and tells what is wrong
 * with a message in English only.
 */
export function createDecryptor(key: EnvelopeKey): Decryptor {
  const materials = createMaterials(key);
  const context = encryptionContext(key.place, key.kind);
  const suite = new NodeAlgorithmSuite(suiteId);

  async function* decrypt(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    const bytes = new ByteReader(source);
    try {
      const header = await readMessageHeader(bytes, { keyArn: key.keyArn, context });
      const material = await materials.decryptMaterials({
        suite,
        encryptionContext: context,
        encryptedDataKeys: [header.encryptedDataKey],
      });
      const { getDecipherInfo, dispose } = getDecryptionHelper(material);
      try {
        const getDecipher = derive(header, getDecipherInfo);
        authenticateHeader(header, getDecipher);
        yield* readFrames(bytes, header, getDecipher);
      } finally {
        dispose();
      }
    } finally {
      await bytes.close();
    }
  }
  return { decrypt };
}

/** Derives the message's key, which fails where the data key is not the one the message commits to. */
function derive(
  { messageId, commitment }: MessageHeader,
  getDecipherInfo: (messageId: Uint8Array, commitment: Uint8Array) => GetDecipher,
): GetDecipher {
  try {
    return getDecipherInfo(messageId, commitment);
  } catch (error) {
    throw new CiphertextError('CORRUPT', { cause: error });
  }
}
