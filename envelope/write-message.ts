import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { getEncryptHelper, type NodeEncryptionMaterial } from '@aws-crypto/client-node';
import type { ByteReader } from './byte-reader.ts';
import {
  element,
  frameAad,
  frameBytes,
  messageFormat,
  serializedContext,
  suiteId,
  uint16,
  uint32,
} from './message-format.ts';

type GetCipher = ReturnType<ReturnType<typeof getEncryptHelper>['getCipherInfo']>['getCipher'];

/**
 * Writes one message: the header, then a frame for every MiB, as the source gives it.
 *
 * The library derives the message's key from the data key and 256 random bits, so frames may count
 * their IVs up from one. Between two frames the event loop gets its turn: a source that is always
 * ready would otherwise hold up heartbeats and aborts.
 */
export async function* writeMessage(
  source: ByteReader,
  material: NodeEncryptionMaterial,
): AsyncGenerator<Buffer> {
  const { getCipherInfo, dispose } = getEncryptHelper(material);
  try {
    const messageId = randomBytes(messageFormat.messageIdBytes);
    const { getCipher, keyCommitment } = getCipherInfo(messageId);
    if (keyCommitment === undefined) throw new Error('The suite does not commit to its key.');
    const header = serializedHeader(material, messageId, keyCommitment);
    yield header;
    yield sealed(getCipher, 0, header, []).tag;
    yield* writeFrames(source, messageId, getCipher);
  } finally {
    dispose();
  }
}

function serializedHeader(
  { encryptedDataKeys, encryptionContext }: NodeEncryptionMaterial,
  messageId: Buffer,
  keyCommitment: Uint8Array,
): Buffer {
  return Buffer.concat([
    Buffer.from([messageFormat.version]),
    uint16(suiteId),
    messageId,
    element(serializedContext(encryptionContext)),
    uint16(encryptedDataKeys.length),
    ...encryptedDataKeys.flatMap(({ providerId, providerInfo, encryptedDataKey }) =>
      [Buffer.from(providerId), Buffer.from(providerInfo), encryptedDataKey].map(element),
    ),
    Buffer.from([messageFormat.framedContent]),
    uint32(frameBytes),
    keyCommitment,
  ]);
}

async function* writeFrames(
  source: ByteReader,
  messageId: Buffer,
  getCipher: GetCipher,
): AsyncGenerator<Buffer> {
  for (let sequence = 1; ; sequence += 1) {
    const plaintext: Buffer[] = [];
    let length = 0;
    for await (const piece of source.pieces(frameBytes)) {
      plaintext.push(piece);
      length += piece.length;
    }
    const isFinal = length < frameBytes;
    const aad = frameAad(messageId, { sequence, isFinal, length });
    const { iv, ciphertext, tag } = sealed(getCipher, sequence, aad, plaintext);
    if (isFinal)
      yield Buffer.concat([
        uint32(messageFormat.finalFrameMark),
        uint32(sequence),
        iv,
        uint32(length),
      ]);
    else yield Buffer.concat([uint32(sequence), iv]);
    yield* ciphertext;
    yield tag;
    if (isFinal) return;
    await setImmediate();
  }
}

function sealed(getCipher: GetCipher, sequence: number, aad: Buffer, plaintext: Buffer[]) {
  const iv = Buffer.alloc(messageFormat.ivBytes);
  iv.writeUInt32BE(sequence, messageFormat.ivBytes - 4);
  const cipher = getCipher(iv);
  cipher.setAAD(aad);
  const ciphertext = plaintext.map((piece) => cipher.update(piece));
  cipher.final();
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}
