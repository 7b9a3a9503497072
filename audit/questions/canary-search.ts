import { Buffer } from 'node:buffer';

/** Shorter ones stand in texts by chance. */
export const leastCanary = 4;

/** A base64 text shows three bytes as four letters: below this too few are left that are whole. */
const leastEncoded = 6;

/**
 * Makes a counter of one canary in texts: as it is, in any case; in a URL's escapes; and in base64,
 * at whichever of the three places in a group of bytes it begins.
 */
export function canaryCounter(canary: string): (text: string) => number {
  const plain = [...new Set([canary, encodeURIComponent(canary)].map((one) => one.toLowerCase()))];
  const encoded =
    canary.length < leastEncoded ? [] : [0, 1, 2].map((from) => inBase64(canary, from));
  return (text) => {
    const lower = text.toLowerCase();
    const count = (where: string, what: string): number => where.split(what).length - 1;
    return (
      plain.reduce((sum, one) => sum + count(lower, one), 0) +
      encoded.reduce((sum, one) => sum + count(text, one), 0)
    );
  };
}

/** The letters of a text's base64 that depend on nothing before or behind it. */
function inBase64(text: string, bytesBefore: number): string {
  const padded = Buffer.concat([Buffer.alloc(bytesBefore), Buffer.from(text)]);
  const letters = padded.toString('base64').replace(/=+$/, '');
  const clean = padded.length % 3 === 0 ? letters.length : letters.length - 1;
  return letters.slice(bytesBefore === 0 ? 0 : bytesBefore + 1, clean);
}
