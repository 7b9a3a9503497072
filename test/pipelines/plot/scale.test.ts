import { describe, expect, it } from 'vitest';
import { linear, monthTicks, roundTicks } from '../../../pipelines/plot/scale.ts';

describe('linear', () => {
  it('turns the vertical axis round', () => {
    const y = linear([10, 20], [200, 0]);

    expect([y(10), y(15), y(20)]).toEqual([200, 100, 0]);
  });
});

describe('roundTicks', () => {
  it.each([
    [61.2, 128.9, 5, ['60', '80', '100', '120', '140']],
    [96.3, 99.3, 5, ['96', '97', '98', '99', '100']],
    [0, 313, 6, ['0', '100', '200', '300', '400']],
    [-0.25, 0.13, 5, ['-0.3', '-0.2', '-0.1', '0.0', '0.1', '0.2']],
  ])('covers %d to %d in at most %d round steps', (low, high, most, texts) => {
    expect(roundTicks(low, high, most).map(({ text }) => text)).toEqual(texts);
  });

  it('gives an axis to a range without extent', () => {
    expect(roundTicks(5, 5, 4).length).toBeGreaterThan(1);
  });
});

describe('monthTicks', () => {
  it('marks years over decades', () => {
    const ticks = monthTicks(1938 * 12 + 9, 1980 * 12, 9);

    expect(ticks.map(({ text }) => text)).toEqual([
      '1940',
      '1945',
      '1950',
      '1955',
      '1960',
      '1965',
      '1970',
      '1975',
      '1980',
    ]);
  });

  it('marks months over less than a year', () => {
    const ticks = monthTicks(2024 * 12 + 10, 2025 * 12 + 2, 9);

    expect(ticks.map(({ text }) => text)).toEqual([
      '2024-11',
      '2024-12',
      '2025-01',
      '2025-02',
      '2025-03',
    ]);
  });
});
