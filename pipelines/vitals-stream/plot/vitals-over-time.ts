import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from '../../engine.ts';
import { readRows, type EngineRow } from '../../engine-row.ts';
import { mean, roundFraction, VALUE_DECIMALS } from '../../exact-statistics.ts';
import { drawPanel, layPanels, type Panel, type TimeAxis } from '../../plot/panel.ts';
import type { PeriodPoint } from '../../plot/series.ts';
import { colour, element, figure, label, stroke } from '../../plot/svg.ts';
import { ecgSource, heartRateCode, saturationCodes } from '../alarm-rules.ts';
import { firstMinuteOf, minutesPerDay } from '../minutes.ts';
import { dayAxis } from './day-axis.ts';

const SIZE = { width: 1120, height: 946, margin: 36 };
const PANEL = { width: 455, height: 190, left: 66, top: 144, columnGap: 80, rowGap: 78 };
const DECIMALS = 6;

interface VitalPanel {
  title: string;
  /** In the data, and for a reader. */
  unit: string;
  unitName: string;
  series: { code: string; name: string }[];
}

const panels: readonly VitalPanel[] = [
  {
    title: 'Heart rate',
    unit: '/min',
    unitName: 'beats/min',
    series: [
      { code: heartRateCode, name: 'device' },
      { code: ecgSource, name: 'ECG' },
    ],
  },
  {
    title: 'Oxygen saturation',
    unit: '%',
    unitName: '%',
    series: [
      { code: saturationCodes[0], name: 'oximetry' },
      { code: saturationCodes[1], name: 'other' },
    ],
  },
  {
    title: 'Respiratory rate',
    unit: '/min',
    unitName: 'breaths/min',
    series: [{ code: '9279-1', name: '' }],
  },
  {
    title: 'Body temperature',
    unit: 'Cel',
    unitName: '°C',
    series: [{ code: '8310-5', name: '' }],
  },
  {
    title: 'Blood pressure',
    unit: 'mm[Hg]',
    unitName: 'mmHg',
    series: [
      { code: '8480-6', name: 'systolic' },
      { code: '8462-4', name: 'diastolic' },
    ],
  },
];

/**
 * `vitals-over-time.svg`: a small panel per vital sign, the mean of all subjects as a line, and a band from the
 * lowest to the highest minute's mean of any of them; and a panel of how many subjects have data.
 *
 * Minutes of another day are left out.
 */
export async function vitalsOverTime(connection: DuckDBConnection, day: string): Promise<string> {
  const first = firstMinuteOf(day);
  const ofDay = `minute >= ${first} AND minute < ${first + minutesPerDay}`;
  const [data] = await readRows(
    connection,
    `SELECT min(minute) AS first_minute, max(minute) AS last_minute,
       count(DISTINCT subject) AS subjects
     FROM data_minutes WHERE ${ofDay}`,
  );
  const hasData = data !== undefined && !data.isEmpty('first_minute');
  const axis = hasData
    ? dayAxis(Number(data.integer('first_minute')), Number(data.integer('last_minute')))
    : dayAxis(first, first + minutesPerDay - 1);
  const drawn: Panel[] = [];
  for (const panel of panels) drawn.push(await readPanel(connection, panel, axis, ofDay));
  drawn.push(await subjectsPanel(connection, axis, ofDay));

  const subjects = hasData ? data.integer('subjects') : 0n;
  return figure(
    SIZE,
    {
      title: 'Vital signs over the day',
      subtitle: `${day} (UTC), ${subjects} ${subjects === 1n ? 'subject' : 'subjects'}, by ${axis.length} min. For research only.`,
    },
    legend(),
    ...layPanels(
      drawn.map((panel) => drawPanel(panel, PANEL, axis)),
      PANEL,
      { text: 'Time of day (UTC)', y: SIZE.height - 28 },
    ),
  );
}

async function readPanel(
  connection: DuckDBConnection,
  { title, unit, unitName, series }: VitalPanel,
  axis: TimeAxis,
  ofDay: string,
): Promise<Panel> {
  const panel: Panel = { heading: `${title} (${unitName})`, series: [] };
  for (const { code, name } of series) {
    const rows = await readRows(
      connection,
      `SELECT minute // ${axis.length} * ${axis.length} AS start, sum(numerator) AS numerator,
         sum(denominator) AS denominator, min(value) AS low, max(value) AS high
       FROM signals
       WHERE code = ${literal(code)} AND unit = ${literal(unit)} AND ${ofDay}
       GROUP BY start ORDER BY start`,
    );
    panel.series.push({ name, points: rows.map((row) => meanPoint(row, axis.length)) });
  }
  return panel;
}

function meanPoint(row: EngineRow, length: number): PeriodPoint {
  const start = Number(row.integer('start'));
  const average = mean({ n: row.integer('denominator'), sum: row.integer('numerator') }, DECIMALS);
  return {
    start,
    middle: start + length / 2,
    mean: Number(average),
    band: [valueOf(row.integer('low')), valueOf(row.integer('high'))],
  };
}

function valueOf(units: bigint): number {
  return Number(roundFraction(units, 10n ** BigInt(VALUE_DECIMALS), DECIMALS));
}

async function subjectsPanel(
  connection: DuckDBConnection,
  { length }: TimeAxis,
  ofDay: string,
): Promise<Panel> {
  const rows = await readRows(
    connection,
    `SELECT minute // ${length} * ${length} AS start, count(DISTINCT subject) AS subjects
     FROM data_minutes WHERE ${ofDay} GROUP BY start ORDER BY start`,
  );
  const points = rows.map((row) => {
    const start = Number(row.integer('start'));
    const subjects = Number(row.integer('subjects'));
    return { start, middle: start + length / 2, mean: subjects };
  });
  return { heading: 'Subjects with data', series: [{ name: '', points }] };
}

function legend(): string {
  const y = 78;
  return [
    stroke([SIZE.margin, y], [SIZE.margin + 24, y], { stroke: colour.first, 'stroke-width': 1.6 }),
    label(SIZE.margin + 31, y + 4, 'mean of all values'),
    element('rect', {
      x: SIZE.margin + 180,
      y: y - 7,
      width: 24,
      height: 14,
      fill: colour.first,
      'fill-opacity': 0.18,
    }),
    label(SIZE.margin + 211, y + 4, "lowest to highest minute's mean of a subject"),
  ].join('');
}
