import { VALUE_DECIMALS } from '../exact-statistics.ts';

/** From here on a value is not summed: no quantity of a body is a million millions of its unit. */
export const largestMagnitude = 1e12;

/**
 * A value in whole units of 10^-9, which add up without rounding; nothing where it is too large.
 *
 * `toFixed` rounds the exact value of the double, so this is the same on every machine.
 */
export function toUnits(value: number): bigint | undefined {
  if (Math.abs(value) >= largestMagnitude) return undefined;
  return BigInt(value.toFixed(VALUE_DECIMALS).replace('.', ''));
}
