import { temperatureCut } from '../variables.ts';
import { linear, roundTicks } from '../../plot/scale.ts';
import { colour, element, figure, grouped, label, stroke } from '../../plot/svg.ts';

const SIZE = { width: 960, height: 560, margin: 36 };
const PLOT = { left: 84, right: 930, top: 128, bottom: 492 };
const MOST_BARS = 80;

/** Visits whose temperature is above `upperEdge - 1` and at most `upperEdge`, in degrees Fahrenheit. */
export interface TemperatureBin {
  upperEdge: number;
  visits: number;
}

/**
 * `temperature-distribution.svg`: a histogram of body temperature with the QC cut marked, and how many
 * visits lie on either side of it.
 *
 * Bars are one degree wide, wider where there would be more than 80. The cut is always an edge between
 * two of them, so that no bar is half good.
 */
export function temperatureDistribution(bins: readonly TemperatureBin[]): string {
  const width = chooseWidth(bins);
  const bars = rebin(bins, width);
  const ceiling = roundTicks(0, Math.max(6, ...bars.map(({ visits }) => visits)), 6);
  const edges = [temperatureCut, ...bars.map(({ upperEdge }) => upperEdge)];
  const range = [Math.min(...edges) - width, Math.max(...edges) + width] as const;
  const x = linear(range, [PLOT.left, PLOT.right]);
  const y = linear([0, ceiling.at(-1)?.value ?? 1], [PLOT.bottom, PLOT.top]);
  const visits = total(bars);
  const above = total(bars.filter(({ upperEdge }) => upperEdge > temperatureCut));

  return figure(
    SIZE,
    {
      title: 'Distribution of body temperature',
      subtitle: `${grouped(visits)} visits; ${grouped(above)} (${percent(above, visits)}) lie above the QC cut of ${temperatureCut} °F and are not plausible`,
    },
    ...ceiling.map(({ value, text }) => countLine(y(value), text)),
    ...bars.map(({ upperEdge, visits: height }) =>
      element('rect', {
        x: x(upperEdge - width) + 0.5,
        y: y(height),
        width: x(upperEdge) - x(upperEdge - width) - 1,
        height: PLOT.bottom - y(height),
        fill: upperEdge > temperatureCut ? colour.second : colour.first,
      }),
    ),
    ...roundTicks(range[0], range[1], 14)
      .filter(({ value }) => value >= range[0] && value <= range[1])
      .map(({ value, text }) => degree(x(value), text)),
    stroke([PLOT.left, PLOT.bottom], [PLOT.right, PLOT.bottom], { stroke: colour.quiet }),
    cut(x(temperatureCut), visits - above, above),
    label((PLOT.left + PLOT.right) / 2, PLOT.bottom + 46, 'Body temperature (°F)', {
      anchor: 'middle',
      'font-size': 13,
    }),
    label(0, 0, `Visits per ${width} °F`, {
      anchor: 'middle',
      'font-size': 13,
      transform: `translate(${SIZE.margin - 8} ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)`,
    }),
    key(),
  );
}

function chooseWidth(bins: readonly TemperatureBin[]): number {
  const edges = [temperatureCut, ...bins.map(({ upperEdge }) => upperEdge)];
  const span = Math.max(...edges) - Math.min(...edges) + 1;
  let width = 1;
  while (span / width > MOST_BARS - 1) width *= 2;
  return width;
}

function rebin(bins: readonly TemperatureBin[], width: number): TemperatureBin[] {
  const visits = new Map<number, number>();
  for (const bin of bins) {
    const edge = temperatureCut + Math.ceil((bin.upperEdge - temperatureCut) / width) * width;
    visits.set(edge, (visits.get(edge) ?? 0) + bin.visits);
  }
  return [...visits].map(([upperEdge, count]) => ({ upperEdge, visits: count }));
}

function total(bins: readonly TemperatureBin[]): number {
  return bins.reduce((sum, { visits }) => sum + visits, 0);
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

function countLine(y: number, text: string): string {
  return (
    stroke([PLOT.left, y], [PLOT.right, y], { stroke: colour.grid }) +
    label(PLOT.left - 8, y + 4, grouped(Number(text)), { anchor: 'end', fill: colour.quiet })
  );
}

function degree(x: number, text: string): string {
  return (
    stroke([x, PLOT.bottom], [x, PLOT.bottom + 5], { stroke: colour.quiet }) +
    label(x, PLOT.bottom + 20, text, { anchor: 'middle', fill: colour.quiet })
  );
}

function cut(x: number, below: number, above: number): string {
  const top = PLOT.top - 22;
  const visits = below + above;
  return [
    stroke([x, top], [x, PLOT.bottom], {
      stroke: colour.ink,
      'stroke-width': 1.5,
      'stroke-dasharray': '6 4',
    }),
    label(x, top - 6, `QC cut ${temperatureCut} °F`, { anchor: 'middle', 'font-weight': 'bold' }),
    label(x - 10, PLOT.top - 8, `${grouped(below)} visits (${percent(below, visits)})`, {
      anchor: 'end',
      fill: colour.first,
      'font-weight': 'bold',
    }),
    label(x + 10, PLOT.top - 8, `${grouped(above)} visits (${percent(above, visits)})`, {
      fill: colour.second,
      'font-weight': 'bold',
    }),
  ].join('');
}

function key(): string {
  const entry = (x: number, ink: string, text: string): string =>
    element('rect', { x, y: 66, width: 13, height: 13, fill: ink }) + label(x + 19, 77, text);
  return (
    entry(SIZE.margin, colour.first, `up to ${temperatureCut} °F`) +
    entry(SIZE.margin + 130, colour.second, `above ${temperatureCut} °F`)
  );
}
