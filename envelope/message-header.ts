import { EncryptedDataKey } from '@aws-crypto/client-node';
import type { ByteReader } from './byte-reader.ts';
import { CiphertextError } from './ciphertext-error.ts';
import { frameBytes, messageFormat, serializedContext, suiteId } from './message-format.ts';

/** The header of a message that is bound to the expected context and key. */
export interface MessageHeader {
  /** The header as it was: what its tag authenticates. */
  readonly raw: Buffer;
  readonly tag: Buffer;
  readonly messageId: Buffer;
  readonly encryptedDataKey: EncryptedDataKey;
  readonly frameLength: number;
  readonly commitment: Buffer;
}

interface Expected {
  readonly keyArn: string;
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Reads a message's header and holds it against what is expected, before anybody asks KMS.
 *
 * The context is compared as bytes, because its serialization is canonical.
 *
 * @throws CiphertextError NOT_ENCRYPTED where it is no framed message of the one suite with one
 *   data key of KMS and frames of at most 1 MiB, WRONG_CONTEXT where context or key differ,
 *   TRUNCATED where it ends too early
 */
export async function readMessageHeader(
  source: ByteReader,
  expected: Expected,
): Promise<MessageHeader> {
  const raw: Buffer[] = [];
  const take = async (length: number): Promise<Buffer> => {
    const bytes = await source.read(length);
    if (bytes.length < length) throw new CiphertextError('TRUNCATED');
    raw.push(bytes);
    return bytes;
  };
  const takeElement = async (): Promise<Buffer> => take((await take(2)).readUInt16BE());

  raw.push(await readStart(source));
  const messageId = await take(messageFormat.messageIdBytes);
  const context = serializedContext(expected.context);
  const contextBytes = (await take(2)).readUInt16BE();
  if (contextBytes !== context.length || !(await take(contextBytes)).equals(context)) {
    throw new CiphertextError('WRONG_CONTEXT');
  }
  if ((await take(2)).readUInt16BE() !== 1) throw new CiphertextError('NOT_ENCRYPTED');
  const providerId = (await takeElement()).toString();
  if (providerId !== messageFormat.kmsProvider) throw new CiphertextError('NOT_ENCRYPTED');
  const providerInfo = (await takeElement()).toString();
  if (providerInfo !== expected.keyArn) throw new CiphertextError('WRONG_CONTEXT');
  const encryptedDataKey = await takeElement();
  const contentType = (await take(1)).readUInt8();
  const frameLength = (await take(4)).readUInt32BE();
  if (contentType !== messageFormat.framedContent || frameLength < 1 || frameLength > frameBytes) {
    throw new CiphertextError('NOT_ENCRYPTED');
  }
  const commitment = await take(messageFormat.commitmentBytes);
  return {
    raw: Buffer.concat(raw),
    tag: await take(messageFormat.tagBytes),
    messageId,
    encryptedDataKey: new EncryptedDataKey({ providerId, providerInfo, encryptedDataKey }),
    frameLength,
    commitment,
  };
}

async function readStart(source: ByteReader): Promise<Buffer> {
  const start = await source.read(3);
  const isOurs =
    start.length === 3 &&
    start.readUInt8() === messageFormat.version &&
    start.readUInt16BE(1) === suiteId.valueOf();
  if (!isOurs) throw new CiphertextError('NOT_ENCRYPTED');
  return start;
}
