import { describe, expect, it } from 'vitest';
import { MergedRow } from '../../../../pipelines/vitals-summary/merged-study.ts';
import { element, grouped, label } from '../../../../pipelines/plot/svg.ts';
import { temperatureDistribution } from '../../../../pipelines/vitals-summary/plot/temperature-distribution.ts';
import {
  choosePeriod,
  vitalsOverTime,
} from '../../../../pipelines/vitals-summary/plot/vitals-over-time.ts';
import { vitals } from '../../../../pipelines/vitals-summary/variables.ts';

const UNIT = 1_000_000_000n;
const counts = { visits: 1234, patients: 5, first: '2024-01-01', last: '2024-12-31' };

/** A period of visits that all read 100. */
function period(start: number, n = 3n): MergedRow {
  const cells = vitals.flatMap(({ key }) => [
    [`${key}_sum`, n * 100n * UNIT] as const,
    [`${key}_squares`, n * 10_000n * UNIT * UNIT] as const,
  ]);
  return new MergedRow({ start, n, ...Object.fromEntries(cells) });
}

const january = 2024 * 12;

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

/** Elements that are not closed in the order in which they were opened. */
function unclosed(svg: string): string[] {
  const open: string[] = [];
  for (const [, end, name = '', empty] of svg.matchAll(/<(\/?)(\w+)(?: [\w-]+="[^"<]*")*(\/?)>/g)) {
    if (end === '/' && open.pop() !== name) return [name];
    if (end === '' && empty === '') open.push(name);
  }
  return open;
}

describe('vitalsOverTime', () => {
  it('is a well-formed image with a title, units, a legend and a panel per vital sign', () => {
    const svg = vitalsOverTime([period(january), period(january + 1)], 1, counts);

    expect(unclosed(svg)).toEqual([]);
    for (const text of [
      'Vital signs over time',
      '1,234 visits of 5 patients, 2024-01-01 to 2024-12-31, by month',
      'mean of the visits of a month',
      'mean ± 1 standard deviation',
      'Blood pressure (mmHg)',
      'Heart rate (beats/min)',
      'Respiratory rate (breaths/min)',
      'Oxygen saturation (%)',
      'Body temperature (°F)',
      'Weight (lb)',
      'QC cut 107 °F',
    ]) {
      expect(svg).toContain(`>${text}<`);
    }
  });

  it('breaks the line where a period has no visit, and draws a lone period as a dot', () => {
    const unbroken = [0, 1, 2, 3].map((month) => period(january + month));
    const broken = [0, 1, 3].map((month) => period(january + month));

    expect(count(vitalsOverTime(unbroken, 1, counts), /<circle/g)).toBe(0);
    expect(count(vitalsOverTime(broken, 1, counts), /<circle/g)).toBe(vitals.length);
  });

  it('draws no band for a period with a single visit', () => {
    const svg = vitalsOverTime([period(january, 1n)], 1, counts);

    expect(unclosed(svg)).toEqual([]);
    expect(svg).not.toContain('NaN');
    expect(svg).not.toMatch(/<poly\w+ points="\d/);
  });
});

describe('choosePeriod', () => {
  it('goes by the time between the first and the last month', () => {
    const study = (months: number): MergedRow[] => [period(january), period(january + months - 1)];

    expect([72, 73, 720, 721].map((months) => choosePeriod(study(months)))).toEqual([1, 3, 3, 12]);
  });
});

describe('temperatureDistribution', () => {
  it('counts both sides of the cut, which is between two bars', () => {
    const svg = temperatureDistribution([
      { upperEdge: 98, visits: 6 },
      { upperEdge: 107, visits: 1 },
      { upperEdge: 108, visits: 1 },
    ]);

    expect(unclosed(svg)).toEqual([]);
    for (const text of [
      '7 visits (87.5 %)',
      '1 visits (12.5 %)',
      'QC cut 107 °F',
      'Body temperature (°F)',
      'Visits per 1 °F',
    ]) {
      expect(svg).toContain(`>${text}<`);
    }
  });

  it('widens its bars over a wide range, and the cut stays an edge', () => {
    const svg = temperatureDistribution([
      { upperEdge: -40, visits: 1 },
      { upperEdge: 107, visits: 2 },
      { upperEdge: 108, visits: 4 },
      { upperEdge: 9000, visits: 8 },
    ]);

    expect(svg).toContain('>Visits per 128 °F<');
    expect(svg).toContain('>3 visits (20.0 %)<');
    expect(svg).toContain('>12 visits (80.0 %)<');
  });
});

describe('svg', () => {
  it('escapes text and attributes', () => {
    expect(label(0, 0, 'a < b & "c"')).toContain('>a &lt; b &amp; &quot;c&quot;<');
    expect(element('g', { id: '"<' })).toBe('<g id="&quot;&lt;"/>');
  });

  it('groups thousands alike on every machine', () => {
    expect([0, 999, 1000, 1_234_567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
  });
});
