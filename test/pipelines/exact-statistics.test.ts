import { describe, expect, it } from 'vitest';
import {
  correlation,
  formatUnits,
  mean,
  roundFraction,
  standardDeviation,
  type Moments,
} from '../../pipelines/exact-statistics.ts';

const UNIT = 1_000_000_000n;

function moments(...values: bigint[]): Moments {
  return {
    n: BigInt(values.length),
    sum: values.reduce((sum, value) => sum + value, 0n),
    squares: values.reduce((sum, value) => sum + value * value, 0n),
  };
}

describe('mean', () => {
  it('is rounded half away from zero, on both sides of it', () => {
    expect(mean({ n: 2n, sum: UNIT }, 0)).toBe('1');
    expect(mean({ n: 2n, sum: -UNIT }, 0)).toBe('-1');
    expect(mean({ n: 3n, sum: UNIT }, 4)).toBe('0.3333');
  });

  it('is absent where there is no value', () => {
    expect(mean({ n: 0n, sum: 0n }, 4)).toBeUndefined();
  });
});

describe('standardDeviation', () => {
  it('is that of the sample', () => {
    const values = [2n, 4n, 4n, 4n, 5n, 5n, 7n, 9n].map((value) => value * UNIT);

    expect(standardDeviation(moments(...values), 10)).toBe('2.1380899353');
  });

  it('finds a spread of a billionth around a hundred thousand, where floating sums find none', () => {
    const base = 99_999n * UNIT;
    const floats = [99_999, 99_999.000000001];
    const naive = floats[0]! ** 2 + floats[1]! ** 2 - (floats[0]! + floats[1]!) ** 2 / 2;

    expect(standardDeviation(moments(base, base + 1n), 12)).toBe('0.000000000707');
    expect(naive).toBe(0);
  });

  it('is absent for a single value and zero for equal ones', () => {
    expect(standardDeviation(moments(5n * UNIT), 4)).toBeUndefined();
    expect(standardDeviation(moments(5n * UNIT, 5n * UNIT), 4)).toBe('0.0000');
  });
});

describe('correlation', () => {
  const x = [1n, 2n, 3n].map((value) => value * UNIT);

  it('is one along a line, minus one against it', () => {
    const products = x.reduce((sum, value) => sum + value * value, 0n);

    expect(correlation(moments(...x), moments(...x), products, 6)).toBe('1.000000');
    const mirrored = x.map((value) => -value);
    expect(correlation(moments(...x), moments(...mirrored), -products, 6)).toBe('-1.000000');
  });

  it('is rounded from the exact root', () => {
    const y = [1n, 3n, 2n].map((value) => value * UNIT);
    const products = x.reduce((sum, value, i) => sum + value * y[i]!, 0n);

    expect(correlation(moments(...x), moments(...y), products, 6)).toBe('0.500000');
  });

  it('is absent where one variable never varies', () => {
    const flat = [UNIT, UNIT, UNIT];
    const products = x.reduce((sum, value) => sum + value * UNIT, 0n);

    expect(correlation(moments(...x), moments(...flat), products, 6)).toBeUndefined();
  });

  it('has no sign where it rounds to zero', () => {
    const y = [UNIT, 0n, UNIT - 1n];
    const products = x.reduce((sum, value, i) => sum + value * y[i]!, 0n);

    expect(correlation(moments(...x), moments(...y), products, 6)).toBe('0.000000');
  });
});

describe('roundFraction and formatUnits', () => {
  it('write a sign, the leading zero and exactly the decimals that were asked for', () => {
    expect(roundFraction(-1n, 8n, 2)).toBe('-0.13');
    expect(roundFraction(1n, 8n, 5)).toBe('0.12500');
    expect(formatUnits(-5n, 9)).toBe('-0.000000005');
    expect(formatUnits(123n, 0)).toBe('123');
  });
});
