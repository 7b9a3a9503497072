import { createHash } from 'node:crypto';

/** Names and values that are authenticated with a ciphertext, not encrypted. */
export type EncryptionContext = Readonly<Record<string, string>>;

/**
 * An encryption context as bytes, the same for every order of its pairs.
 *
 * Each name and value has its length in front of it, so that no two contexts share their bytes.
 */
export function canonicalBytes(context: EncryptionContext): Buffer {
  const sorted = Object.entries(context).sort(([left], [right]) => (left < right ? -1 : 1));
  return Buffer.concat(
    sorted.flat().flatMap((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** A text that is equal for equal contexts; fit to compare the constraints of grants. */
export function contextFingerprint(context: EncryptionContext): string {
  return createHash('sha256').update(canonicalBytes(context)).digest('hex');
}

/** The condition keys that carry an encryption context: one for each name, and one with all names. */
export function contextConditionKeys(
  context: EncryptionContext,
): Record<string, string | readonly string[]> {
  const names = Object.keys(context);
  return {
    ...Object.fromEntries(
      names.map((name) => [`kms:EncryptionContext:${name}`, context[name] ?? '']),
    ),
    ...(names.length > 0 && { 'kms:EncryptionContextKeys': names }),
  };
}
