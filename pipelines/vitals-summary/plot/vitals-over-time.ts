import { mean, standardDeviation } from '../exact-statistics.ts';
import type { MergedRow, PeriodMonths } from '../merged-study.ts';
import { temperatureCut, type VariableKey } from '../variables.ts';
import { linear, monthTicks, roundTicks } from './scale.ts';
import { drawSeries, type PeriodPoint } from './series.ts';
import { colour, element, figure, grouped, label, stroke } from './svg.ts';

const SIZE = { width: 1120, height: 946, margin: 36 };
const PANEL = { width: 455, height: 190, left: 66, top: 144, columnGap: 80, rowGap: 78 };
const DECIMALS = 6;

interface Panel {
  title: string;
  unit: string;
  series: { key: VariableKey; name: string }[];
  cut?: number;
}

const panels: Panel[] = [
  {
    title: 'Blood pressure',
    unit: 'mmHg',
    series: [
      { key: 'systol', name: 'systolic' },
      { key: 'diastol', name: 'diastolic' },
    ],
  },
  { title: 'Heart rate', unit: 'beats/min', series: [{ key: 'heart', name: '' }] },
  { title: 'Respiratory rate', unit: 'breaths/min', series: [{ key: 'resp', name: '' }] },
  { title: 'Oxygen saturation', unit: '%', series: [{ key: 'osat', name: '' }] },
  {
    title: 'Body temperature',
    unit: '°F',
    series: [{ key: 'temp', name: '' }],
    cut: temperatureCut,
  },
  { title: 'Weight', unit: 'lb', series: [{ key: 'weight', name: '' }] },
];

const periodNames = { 1: 'month', 3: 'quarter', 12: 'year' } as const;

/** The period that gives a study, of which these are the months with visits, a readable number of points. */
export function choosePeriod(months: readonly MergedRow[]): PeriodMonths {
  const starts = months.map((month) => Number(month.integer('start')));
  const span = Math.max(...starts) - Math.min(...starts) + 1;
  if (span <= 72) return 1;
  return span <= 720 ? 3 : 12;
}

/**
 * `vitals-over-time.svg`: a small panel per vital sign, the mean of each period as a line and one
 * standard deviation of its visits as a band.
 */
export function vitalsOverTime(
  periods: readonly MergedRow[],
  months: PeriodMonths,
  counts: { visits: number; patients: number; first: string; last: string },
): string {
  const starts = periods.map((period) => Number(period.integer('start')));
  const range = [Math.min(...starts), Math.max(...starts) + months] as const;
  const name = periodNames[months];
  return figure(
    SIZE,
    {
      title: 'Vital signs over time',
      subtitle: `${grouped(counts.visits)} visits of ${grouped(counts.patients)} patients, ${counts.first} to ${counts.last}, by ${name}`,
    },
    key(name),
    ...[0, 1].map((column) =>
      label(
        PANEL.left + column * (PANEL.width + PANEL.columnGap) + PANEL.width / 2,
        SIZE.height - 28,
        'Date of visit',
        { anchor: 'middle', 'font-size': 13 },
      ),
    ),
    ...panels.map((panel, index) =>
      element(
        'g',
        {
          transform: `translate(${PANEL.left + (index % 2) * (PANEL.width + PANEL.columnGap)} ${PANEL.top + Math.floor(index / 2) * (PANEL.height + PANEL.rowGap)})`,
        },
        drawPanel(panel, periods, months, range),
      ),
    ),
  );
}

function drawPanel(
  panel: Panel,
  periods: readonly MergedRow[],
  months: PeriodMonths,
  range: readonly [number, number],
): string {
  const series = panel.series.map(({ key, name }) => ({
    name,
    points: periods.map((period) => periodPoint(period, key, months)),
  }));
  const extremes = series.flatMap(({ points }) =>
    points.flatMap((item) => item.band ?? [item.mean]),
  );
  if (panel.cut !== undefined) extremes.push(panel.cut);
  const ticks = roundTicks(...atLeastOneUnit(extremes), 5);
  const x = linear(range, [0, PANEL.width]);
  const y = linear([ticks[0]?.value ?? 0, ticks.at(-1)?.value ?? 1], [PANEL.height, 0]);

  return [
    label(0, -14, `${panel.title} (${panel.unit})`, { 'font-size': 14, 'font-weight': 'bold' }),
    ...ticks.map(({ value, text }) => horizontal(y(value), text)),
    ...monthTicks(range[0], range[1], 9).map(({ value, text }) => vertical(x(value), text)),
    ...series.map(({ points }, index) => drawSeries(points, months, x, y, seriesColour(index))),
    ...(panel.cut === undefined
      ? []
      : [cutLine(y(panel.cut), `QC cut ${panel.cut} ${panel.unit}`)]),
    ...(series.length < 2 ? [] : series.map(({ name }, index) => seriesKey(name, index))),
  ].join('\n');
}

/** The range of the values, one unit at least: the axis of a single visit reads like any other. */
function atLeastOneUnit(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return high - low >= 1 ? [low, high] : [(low + high - 1) / 2, (low + high + 1) / 2];
}

function periodPoint(period: MergedRow, key: VariableKey, months: number): PeriodPoint {
  const start = Number(period.integer('start'));
  const moments = period.moments(key);
  const middle = start + months / 2;
  const average = Number(mean(moments, DECIMALS));
  const deviation = standardDeviation(moments, DECIMALS);
  if (deviation === undefined) return { start, middle, mean: average };
  const half = Number(deviation);
  return { start, middle, mean: average, band: [average - half, average + half] };
}

function horizontal(y: number, text: string): string {
  return (
    stroke([0, y], [PANEL.width, y], { stroke: colour.grid }) +
    label(-8, y + 4, text, { anchor: 'end', fill: colour.quiet })
  );
}

function vertical(x: number, text: string): string {
  return (
    stroke([x, PANEL.height], [x, PANEL.height + 5], { stroke: colour.quiet }) +
    label(x, PANEL.height + 20, text, { anchor: 'middle', fill: colour.quiet })
  );
}

function cutLine(y: number, text: string): string {
  return (
    stroke([0, y], [PANEL.width, y], { stroke: colour.ink, 'stroke-dasharray': '5 4' }) +
    label(PANEL.width - 4, y - 5, text, { anchor: 'end', 'font-size': 11 })
  );
}

function seriesKey(name: string, index: number): string {
  const x = PANEL.width - 150 + index * 80;
  return (
    stroke([x, -18], [x + 16, -18], { stroke: seriesColour(index), 'stroke-width': 3 }) +
    label(x + 21, -14, name)
  );
}

function seriesColour(index: number): string {
  return index === 0 ? colour.first : colour.second;
}

function key(period: string): string {
  const y = 78;
  return [
    stroke([SIZE.margin, y], [SIZE.margin + 24, y], { stroke: colour.first, 'stroke-width': 1.6 }),
    label(SIZE.margin + 31, y + 4, `mean of the visits of a ${period}`),
    element('rect', {
      x: SIZE.margin + 240,
      y: y - 7,
      width: 24,
      height: 14,
      fill: colour.first,
      'fill-opacity': 0.18,
    }),
    label(SIZE.margin + 271, y + 4, 'mean ± 1 standard deviation'),
  ].join('');
}
