import * as z from 'zod';

/**
 * The nineteen letters that codes and ids are made of: lower-case consonants without `l` and `y`.
 *
 * No vowel and no digit, so no name and no date can be spelled; nineteen is prime, which lets one
 * check character find every single wrong letter and every swap of two neighbours.
 */
export const codeAlphabet = 'bcdfghjkmnpqrstvwxz';

const radix = codeAlphabet.length;

/** Gives the check character of a code body; undefined where a letter is not of the alphabet. */
function checkCharacter(body: string): string | undefined {
  let sum = 0;
  for (const [position, letter] of Array.from(body).entries()) {
    const value = codeAlphabet.indexOf(letter);
    if (value < 0) return undefined;
    sum += value * ((position % (radix - 1)) + 1);
  }
  return codeAlphabet[sum % radix];
}

/** Says whether a text is a code: letters of the alphabet, the last of which checks the others. */
export function isCode(text: string): boolean {
  return text.length >= 2 && checkCharacter(text.slice(0, -1)) === text.at(-1);
}

/**
 * Mints a code of `length` letters, the check character included.
 *
 * `randomByte` must be cryptographic: an object id is what stands in a bucket key, and must tell
 * nothing. Bytes past the last whole multiple of nineteen are drawn again, so no letter is favoured.
 */
export function mintCode(length: number, randomByte: () => number): string {
  let body = '';
  while (body.length < length - 1) {
    const byte = randomByte();
    if (byte < 256 - (256 % radix)) body += codeAlphabet.charAt(byte % radix);
  }
  return body + (checkCharacter(body) ?? '');
}

const code = (what: string, length: number) =>
  z
    .string()
    .length(length, { error: `${what} must be a minted code of ${length} letters` })
    .refine(isCode, {
      error: `${what} must be a minted code: its letters or check letter are wrong`,
    });

/** 21 letters, 85 random bits: a million objects in a batch collide once in 10^13 batches. */
export const objectIdLength = 21;
/** 9 letters, 34 random bits: short enough to type; a batch id taken already is refused. */
export const batchIdLength = 9;

/** The opaque id of one uploaded object: all that its bucket key says of it. */
export const ObjectId = code('object id', objectIdLength);
export type ObjectId = z.infer<typeof ObjectId>;

/** The opaque id of a batch, minted by `czar upload`. */
export const BatchId = code('batch id', batchIdLength);
export type BatchId = z.infer<typeof BatchId>;

/** The name of a study: its project identifier tag (PIT). A deployment serves one. */
export const Study = z
  .string()
  .regex(/^[a-z][a-z0-9]{2,19}$/, { error: 'study must be 3 to 20 lower-case letters or digits' });
export type Study = z.infer<typeof Study>;
