import type { Scale } from './scale.ts';
import { element, point } from './svg.ts';

/** What the mean and the band of one period are drawn from. The band is absent where there is none. */
export interface PeriodPoint {
  start: number;
  middle: number;
  mean: number;
  band?: readonly [number, number];
}

/**
 * Draws the means as a line and their bands behind it.
 *
 * Periods without a value are gaps: a line across them would show what nobody measured. A period
 * between two gaps is a dot. All periods are of one length, in the unit of their starts.
 */
export function drawSeries(
  points: readonly PeriodPoint[],
  length: number,
  x: Scale,
  y: Scale,
  ink: string,
): string {
  return unbroken(points, length)
    .flatMap((run) => [drawBand(run, x, y, ink), drawMeans(run, x, y, ink)])
    .join('\n');
}

function drawBand(run: readonly PeriodPoint[], x: Scale, y: Scale, ink: string): string {
  const banded = run.flatMap(({ middle, band }) => (band ? [{ x: x(middle), band }] : []));
  const [only] = banded;
  if (banded.length === 1 && only) {
    const ends = only.band.map((value): [number, number] => [only.x, y(value)]);
    return element('polyline', {
      points: ends.map((end) => point(...end)).join(' '),
      stroke: ink,
      'stroke-opacity': 0.18,
      'stroke-width': 4,
    });
  }
  const upper = banded.map((item) => point(item.x, y(item.band[1])));
  const lower = banded.map((item) => point(item.x, y(item.band[0]))).reverse();
  return element('polygon', {
    points: [...upper, ...lower].join(' '),
    fill: ink,
    'fill-opacity': 0.18,
  });
}

function drawMeans(run: readonly PeriodPoint[], x: Scale, y: Scale, ink: string): string {
  const [only] = run;
  if (run.length === 1 && only) {
    return element('circle', { cx: x(only.middle), cy: y(only.mean), r: 2, fill: ink });
  }
  return element('polyline', {
    points: run.map((item) => point(x(item.middle), y(item.mean))).join(' '),
    fill: 'none',
    stroke: ink,
    'stroke-width': 1.6,
    'stroke-linejoin': 'round',
  });
}

/** Runs of periods that follow each other without a gap. */
function unbroken(points: readonly PeriodPoint[], length: number): PeriodPoint[][] {
  const runs: PeriodPoint[][] = [];
  for (const item of points) {
    const run = runs.at(-1);
    if (run?.at(-1)?.start === item.start - length) run.push(item);
    else runs.push([item]);
  }
  return runs;
}
