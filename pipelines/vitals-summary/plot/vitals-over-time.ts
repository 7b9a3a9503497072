import { mean, standardDeviation } from '../../exact-statistics.ts';
import type { MergedRow, PeriodMonths } from '../merged-study.ts';
import { temperatureCut, type VariableKey } from '../variables.ts';
import { drawPanel, layPanels, type Panel } from '../../plot/panel.ts';
import { monthTicks } from '../../plot/scale.ts';
import type { PeriodPoint } from '../../plot/series.ts';
import { colour, element, figure, grouped, label, stroke } from '../../plot/svg.ts';

const SIZE = { width: 1120, height: 946, margin: 36 };
const PANEL = { width: 455, height: 190, left: 66, top: 144, columnGap: 80, rowGap: 78 };
const DECIMALS = 6;

interface VitalPanel {
  title: string;
  unit: string;
  series: { key: VariableKey; name: string }[];
  cut?: number;
}

const panels: VitalPanel[] = [
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
  const axis = { range, length: months, ticks: monthTicks(range[0], range[1], 9) };
  const name = periodNames[months];
  return figure(
    SIZE,
    {
      title: 'Vital signs over time',
      subtitle: `${grouped(counts.visits)} visits of ${grouped(counts.patients)} patients, ${counts.first} to ${counts.last}, by ${name}`,
    },
    key(name),
    ...layPanels(
      panels.map((panel) => drawPanel(panelOf(panel, periods, months), PANEL, axis)),
      PANEL,
      { text: 'Date of visit', y: SIZE.height - 28 },
    ),
  );
}

function panelOf(
  { title, unit, series, cut }: VitalPanel,
  periods: readonly MergedRow[],
  months: PeriodMonths,
): Panel {
  return {
    heading: `${title} (${unit})`,
    series: series.map(({ key, name }) => ({
      name,
      points: periods.map((period) => periodPoint(period, key, months)),
    })),
    ...(cut !== undefined && { cut: { value: cut, text: `QC cut ${cut} ${unit}` } }),
  };
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
