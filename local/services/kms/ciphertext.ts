import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import { ApiError } from '../../api.ts';
import { canonicalBytes, type EncryptionContext } from './encryption-context.ts';

const MAGIC = Buffer.from('CZK1', 'latin1');
const KEY_ID_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = MAGIC.length + KEY_ID_BYTES;
const OVERHEAD_BYTES = HEADER_BYTES + IV_BYTES + TAG_BYTES;

function invalid(): ApiError {
  return new ApiError('InvalidCiphertextException', '');
}

function authenticated(header: Buffer, context: EncryptionContext): Buffer {
  return Buffer.concat([header, canonicalBytes(context)]);
}

/**
 * Encrypts under one key with AES-256-GCM.
 *
 * The result is this stand-in's own format, no more readable to AWS than AWS's is here:
 *
 * | bytes | what                                       |
 * |------:|--------------------------------------------|
 * |     4 | `CZK1`                                     |
 * |    16 | the key's id, a UUID                       |
 * |    12 | a random initialization vector             |
 * |    16 | the authentication tag                     |
 * |  rest | the ciphertext, as long as the plaintext   |
 *
 * The tag covers the first twenty bytes and the encryption context.
 */
export function seal(
  keyId: string,
  material: KeyObject,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Buffer {
  const header = Buffer.concat([MAGIC, Buffer.from(keyId.replaceAll('-', ''), 'hex')]);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', material, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(authenticated(header, context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, iv, cipher.getAuthTag(), body]);
}

/**
 * The id of the key that a ciphertext says it is under. Not authenticated: {@link unseal} does that.
 *
 * @throws ApiError InvalidCiphertextException when it is not a ciphertext of this KMS.
 */
export function keyIdOf(blob: Buffer): string {
  if (blob.length < OVERHEAD_BYTES || !blob.subarray(0, MAGIC.length).equals(MAGIC))
    throw invalid();
  const hex = blob.toString('hex', MAGIC.length, HEADER_BYTES);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Decrypts and authenticates what {@link seal} made.
 *
 * @throws ApiError InvalidCiphertextException for another key, another encryption context or a changed byte;
 *   as with AWS it does not say which.
 */
export function unseal(material: KeyObject, blob: Buffer, context: EncryptionContext): Buffer {
  const iv = blob.subarray(HEADER_BYTES, HEADER_BYTES + IV_BYTES);
  const tag = blob.subarray(HEADER_BYTES + IV_BYTES, OVERHEAD_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', material, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticated(blob.subarray(0, HEADER_BYTES), context));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(blob.subarray(OVERHEAD_BYTES)), decipher.final()]);
  } catch {
    throw invalid();
  }
}
