import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PartialWriter, partialFileName } from '../../../pipelines/vitals-stream/partial.ts';
import { toUnits } from '../../../pipelines/vitals-stream/value-units.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'partial-'));
});

afterEach(() => rm(directory, { recursive: true }));

/** The lines of a partial of these values of one minute each, that holds so many rows. */
async function linesOf(values: readonly (readonly [number, bigint])[], rows?: number) {
  const partial = await PartialWriter.open(directory, rows);
  for (const [minute, value] of values) {
    partial.add({ kind: 'VALUE', subject: 'ann', minute, name: '8867-4', unit: '/min' }, value);
    await partial.relieve();
  }
  await partial.finish();
  const text = await readFile(join(directory, partialFileName), 'utf8');
  return text.trimEnd().split('\n').slice(1);
}

describe('PartialWriter', () => {
  it('adds up what is of one minute', async () => {
    expect(
      await linesOf([
        [1, 5n],
        [2, 7n],
        [1, -3n],
      ]),
    ).toEqual(['VALUE,ann,1,8867-4,/min,2,2,-3,5', 'VALUE,ann,2,8867-4,/min,1,7,7,7']);
  });

  it('writes what it holds where that is much, and may tell of a minute twice', async () => {
    const values = [
      [1, 5n],
      [2, 7n],
      [1, -3n],
    ] as const;

    expect(await linesOf(values, 2)).toEqual([
      'VALUE,ann,1,8867-4,/min,1,5,5,5',
      'VALUE,ann,2,8867-4,/min,1,7,7,7',
      'VALUE,ann,1,8867-4,/min,1,-3,-3,-3',
    ]);
  });
});

describe('toUnits', () => {
  it.each([
    [80, 80_000_000_000n],
    [-0.5, -500_000_000n],
    [36.6, 36_600_000_000n],
    [-1e-12, 0n],
    [1e12, undefined],
    [-1e12, undefined],
  ])('gives %d in units of 10^-9, and nothing where it is too large', (value, units) => {
    expect(toUnits(value)).toBe(units);
  });
});
