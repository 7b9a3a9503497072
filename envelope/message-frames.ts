import { setImmediate } from 'node:timers/promises';
import type { ByteReader } from './byte-reader.ts';
import { CiphertextError } from './ciphertext-error.ts';
import { frameAad, messageFormat } from './message-format.ts';
import type { MessageHeader } from './message-header.ts';

const { finalFrameMark, ivBytes, tagBytes } = messageFormat;

/** A decipher of AES-GCM, as the library's key derivation hands it out. */
export interface FrameDecipher {
  setAAD(data: Buffer): unknown;
  setAuthTag(tag: Buffer): unknown;
  update(data: Buffer): Buffer;
  final(): Buffer;
}

/** Makes a decipher under the message's own key. */
export type GetDecipher = (iv: Uint8Array) => FrameDecipher;

interface Frame {
  readonly sequence: number;
  readonly isFinal: boolean;
  readonly iv: Buffer;
  readonly length: number;
}

/**
 * Checks the tag of a message's header.
 *
 * @throws CiphertextError CORRUPT
 */
export function authenticateHeader({ raw, tag }: MessageHeader, getDecipher: GetDecipher): void {
  const decipher = getDecipher(Buffer.alloc(ivBytes));
  decipher.setAAD(raw);
  finish(decipher, tag);
}

/**
 * Reads a message's body and yields the plaintext of each frame after its tag has been checked.
 *
 * What was yielded is a valid beginning only: that the message is whole is known at the end.
 * Between two frames the event loop gets its turn.
 *
 * @throws CiphertextError TRUNCATED or CORRUPT
 */
export async function* readFrames(
  source: ByteReader,
  header: MessageHeader,
  getDecipher: GetDecipher,
): AsyncGenerator<Buffer> {
  for (let sequence = 1; ; sequence += 1) {
    const frame = await readFrameHeader(source, header.frameLength);
    if (frame.sequence !== sequence) throw new CiphertextError('CORRUPT');
    yield* await readFrame(source, header, frame, getDecipher);
    if (frame.isFinal) break;
    await setImmediate();
  }
  if (!(await source.isAtEnd())) throw new CiphertextError('CORRUPT');
}

async function readFrameHeader(source: ByteReader, frameLength: number): Promise<Frame> {
  const mark = (await exactly(source, 4)).readUInt32BE();
  if (mark !== finalFrameMark) {
    const iv = await exactly(source, ivBytes);
    return { sequence: mark, isFinal: false, iv, length: frameLength };
  }
  const sequence = (await exactly(source, 4)).readUInt32BE();
  const iv = await exactly(source, ivBytes);
  const length = (await exactly(source, 4)).readUInt32BE();
  if (length > frameLength) throw new CiphertextError('CORRUPT');
  return { sequence, isFinal: true, iv, length };
}

async function readFrame(
  source: ByteReader,
  { messageId }: MessageHeader,
  frame: Frame,
  getDecipher: GetDecipher,
): Promise<Buffer[]> {
  const decipher = getDecipher(frame.iv);
  decipher.setAAD(frameAad(messageId, frame));
  const plaintext: Buffer[] = [];
  let left = frame.length;
  for await (const piece of source.pieces(frame.length)) {
    plaintext.push(decipher.update(piece));
    left -= piece.length;
  }
  if (left > 0) throw new CiphertextError('TRUNCATED');
  finish(decipher, await exactly(source, tagBytes));
  return plaintext;
}

function finish(decipher: FrameDecipher, tag: Buffer): void {
  decipher.setAuthTag(tag);
  try {
    decipher.final();
  } catch (error) {
    throw new CiphertextError('CORRUPT', { cause: error });
  }
}

async function exactly(source: ByteReader, length: number): Promise<Buffer> {
  const bytes = await source.read(length);
  if (bytes.length < length) throw new CiphertextError('TRUNCATED');
  return bytes;
}
