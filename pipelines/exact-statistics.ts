/*
 * Values have nine decimals as they are read from the file, and from there on everything is whole
 * numbers: sums in units of 10^-9, sums of products in units of 10^-18, in decimals of 38 digits in
 * the engine and as BigInt here. Addition of whole numbers has no rounding, so the order of merging
 * cannot matter, which floating sums (also compensated ones) do not give. Exact sums of the 53-bit
 * doubles would need several limbs per sum and product; the 10^-9 that this form rounds off every
 * value is a millionth of what any of these instruments resolves. Each printed figure is rounded
 * once, correctly, from an exact fraction.
 */

/** Decimals of a value. */
export const VALUE_DECIMALS = 9;

/** Count, sum and sum of squares of a variable, the last two in units of 10^-9 and 10^-18. */
export interface Moments {
  n: bigint;
  sum: bigint;
  squares: bigint;
}

/** The arithmetic mean, or nothing where there is no value. */
export function mean({ n, sum }: Pick<Moments, 'n' | 'sum'>, decimals: number): string | undefined {
  if (n === 0n) return undefined;
  return roundFraction(sum, n * 10n ** BigInt(VALUE_DECIMALS), decimals);
}

/** The sample standard deviation (n - 1), or nothing where there are fewer than two values. */
export function standardDeviation(moments: Moments, decimals: number): string | undefined {
  const { n } = moments;
  if (n < 2n) return undefined;
  const scale = 10n ** BigInt(2 * VALUE_DECIMALS);
  return roundRoot(spread(moments), n * (n - 1n) * scale, decimals);
}

/**
 * Pearson's correlation of two variables over the same rows, from the sum of their products.
 *
 * Nothing where one of them never varies.
 */
export function correlation(
  x: Moments,
  y: Moments,
  products: bigint,
  decimals: number,
): string | undefined {
  const variation = spread(x) * spread(y);
  if (variation === 0n) return undefined;
  const shared = x.n * products - x.sum * y.sum;
  const size = roundRoot(shared * shared, variation, decimals);
  return shared < 0n && /[1-9]/.test(size) ? `-${size}` : size;
}

/** A fraction with so many decimals, half away from zero. The denominator is positive. */
export function roundFraction(numerator: bigint, denominator: bigint, decimals: number): string {
  const size = numerator < 0n ? -numerator : numerator;
  const units = (2n * size * 10n ** BigInt(decimals) + denominator) / (2n * denominator);
  return formatUnits(numerator < 0n ? -units : units, decimals);
}

/** A whole number of units of 10^-decimals as a decimal number. */
export function formatUnits(units: bigint, decimals: number): string {
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, '0');
  const sign = units < 0n ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

function spread({ n, sum, squares }: Moments): bigint {
  return n * squares - sum * sum;
}

/** The root of a fraction that is not negative: the root of four times it, plus one, halved, is the nearest. */
function roundRoot(numerator: bigint, denominator: bigint, decimals: number): string {
  const quadruple = (4n * numerator * 10n ** BigInt(2 * decimals)) / denominator;
  return formatUnits((integerRoot(quadruple) + 1n) / 2n, decimals);
}

/** The largest whole number whose square is not above the value, by Newton's method. */
function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}
