import { AlgorithmSuiteIdentifier } from '@aws-crypto/client-node';

/**
 * The message format of the AWS Encryption SDK, version 2, as far as it is used here.
 *
 * Header: version, suite, message id, encryption context, one encrypted data key, content type,
 * frame length, key commitment, and a tag over all of it. Then frames: sequence number, IV,
 * content, tag; the final one is marked and tells its length.
 *
 * @see https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */
export const messageFormat = {
  version: 2,
  messageIdBytes: 32,
  kmsProvider: 'aws-kms',
  framedContent: 2,
  commitmentBytes: 32,
  ivBytes: 12,
  tagBytes: 16,
  finalFrameMark: 0xffffffff,
} as const;

/** The one suite: AES-256-GCM, HKDF, key commitment, no signature (0x0478). */
export const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;

/** Plaintext bytes of a frame. */
export const frameBytes = 1024 * 1024;

/** The encryption context as a header has it, without its length: sorted by key, so canonical. */
export function serializedContext(context: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(context).map((pair) => pair.map((text) => Buffer.from(text)));
  pairs.sort(([a], [b]) => Buffer.compare(a ?? Buffer.alloc(0), b ?? Buffer.alloc(0)));
  return Buffer.concat([uint16(pairs.length), ...pairs.flat().map(element)]);
}

/** What the tag of a frame covers besides its content. */
export function frameAad(
  messageId: Buffer,
  frame: { readonly sequence: number; readonly isFinal: boolean; readonly length: number },
): Buffer {
  const label = `AWSKMSEncryptionClient ${frame.isFinal ? 'Final Frame' : 'Frame'}`;
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(frame.length));
  return Buffer.concat([messageId, Buffer.from(label), uint32(frame.sequence), length]);
}

/** Bytes after their length in two bytes. */
export function element(bytes: Uint8Array): Buffer {
  return Buffer.concat([uint16(bytes.length), bytes]);
}

/** A number in two bytes, big-endian as all of the format. */
export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A number in four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
