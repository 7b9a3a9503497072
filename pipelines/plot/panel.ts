import { linear, roundTicks, type Tick } from './scale.ts';
import { drawSeries, type PeriodPoint } from './series.ts';
import { colour, element, label, stroke } from './svg.ts';

/** One small plot of a figure: values of one quantity over time. */
export interface Panel {
  heading: string;
  /** Two at most. Their names make a legend where there are two. */
  series: { name: string; points: PeriodPoint[] }[];
  /** A value that is marked across the panel. */
  cut?: { value: number; text: string };
}

/** The time axis that the panels of a figure share. */
export interface TimeAxis {
  range: readonly [number, number];
  /** Of a period, in the unit of the range. */
  length: number;
  ticks: readonly Tick[];
}

/** Draws a panel with its upper left corner at the origin. One without a value says so. */
export function drawPanel(
  { heading, series, cut }: Panel,
  size: { width: number; height: number },
  axis: TimeAxis,
): string {
  const extremes = series.flatMap(({ points }) =>
    points.flatMap((item) => item.band ?? [item.mean]),
  );
  const title = label(0, -14, heading, { 'font-size': 14, 'font-weight': 'bold' });
  if (extremes.length === 0) return `${title}\n${label(0, 20, 'no data', { fill: colour.quiet })}`;
  if (cut !== undefined) extremes.push(cut.value);
  const ticks = roundTicks(...atLeastOneUnit(extremes), 5);
  const x = linear(axis.range, [0, size.width]);
  const y = linear([ticks[0]?.value ?? 0, ticks.at(-1)?.value ?? 1], [size.height, 0]);

  return [
    title,
    ...ticks.map(({ value, text }) => horizontal(y(value), size.width, text)),
    ...axis.ticks.map(({ value, text }) => vertical(x(value), size.height, text)),
    ...series.map(({ points }, index) => drawSeries(points, axis.length, x, y, inkOf(index))),
    ...(cut === undefined ? [] : [cutLine(y(cut.value), size.width, cut.text)]),
    ...(series.length < 2 ? [] : series.map(({ name }, index) => key(name, index, size.width))),
  ].join('\n');
}

/** The range of the values, one unit at least: the axis of a single value reads like any other. */
function atLeastOneUnit(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return high - low >= 1 ? [low, high] : [(low + high - 1) / 2, (low + high + 1) / 2];
}

function horizontal(y: number, width: number, text: string): string {
  return (
    stroke([0, y], [width, y], { stroke: colour.grid }) +
    label(-8, y + 4, text, { anchor: 'end', fill: colour.quiet })
  );
}

function vertical(x: number, height: number, text: string): string {
  return (
    stroke([x, height], [x, height + 5], { stroke: colour.quiet }) +
    label(x, height + 20, text, { anchor: 'middle', fill: colour.quiet })
  );
}

function cutLine(y: number, width: number, text: string): string {
  return (
    stroke([0, y], [width, y], { stroke: colour.ink, 'stroke-dasharray': '5 4' }) +
    label(width - 4, y - 5, text, { anchor: 'end', 'font-size': 11 })
  );
}

function key(name: string, index: number, width: number): string {
  const x = width - 150 + index * 80;
  return (
    stroke([x, -18], [x + 16, -18], { stroke: inkOf(index), 'stroke-width': 3 }) +
    label(x + 21, -14, name)
  );
}

function inkOf(index: number): string {
  return index === 0 ? colour.first : colour.second;
}

/** Lays panels out in two columns, with what the time axis shows below each column. */
export function layPanels(
  drawn: readonly string[],
  grid: {
    width: number;
    height: number;
    left: number;
    top: number;
    columnGap: number;
    rowGap: number;
  },
  axisName: { text: string; y: number },
): string[] {
  const columnX = (column: number): number => grid.left + column * (grid.width + grid.columnGap);
  return [
    ...[0, 1].map((column) =>
      label(columnX(column) + grid.width / 2, axisName.y, axisName.text, {
        anchor: 'middle',
        'font-size': 13,
      }),
    ),
    ...drawn.map((panel, index) => {
      const y = grid.top + Math.floor(index / 2) * (grid.height + grid.rowGap);
      return element('g', { transform: `translate(${columnX(index % 2)} ${y})` }, panel);
    }),
  ];
}
