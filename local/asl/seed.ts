import { createHash, randomBytes } from 'node:crypto';

/** A fresh seed of one execution. Whoever knows it knows the execution's task tokens. */
export function newSeed(): string {
  return randomBytes(32).toString('hex');
}

/** Numbers from 0 to below 1 that a seed always repeats in the same order. */
export function seededNumbers(seed: string): () => number {
  let drawn = 0;
  return () => fraction(`${seed}/random/${drawn++}`);
}

/** The first 53 bits of a text's digest as a number from 0 to below 1. */
export function fraction(text: string): number {
  const bits = createHash('sha256').update(text).digest().readBigUInt64BE() >> 11n;
  return Number(bits) / 2 ** 53;
}

/** The task token of one operation of the execution that has this seed. */
export function seededToken(seed: string, operation: number): string {
  const hash = createHash('shake256', { outputLength: 94 }).update(`${seed}/token/${operation}`);
  return `AQB${hash.digest('base64url').slice(0, 125)}`;
}
