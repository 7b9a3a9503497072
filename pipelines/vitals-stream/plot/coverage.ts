import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from '../../engine.ts';
import { readRows, type EngineRow } from '../../engine-row.ts';
import { roundFraction } from '../../exact-statistics.ts';
import { linear, type Scale } from '../../plot/scale.ts';
import { colour, element, figure, label, stroke } from '../../plot/svg.ts';
import { coverageSql } from '../coverage.ts';
import { firstMinuteOf, minutesPerDay } from '../minutes.ts';
import { minuteTicks } from './day-axis.ts';

const WIDTH = 1120;
const MARGIN = 36;
const STRIP = { left: 170, right: 1020, top: 96, height: 12, step: 20 };
const MOST_ROWS = 60;

/**
 * `coverage.svg`: a strip of the day per subject, filled where it has data.
 *
 * The least covered first, and of more than 60 subjects these only: a figure of thousands shows nothing.
 */
export async function coverage(connection: DuckDBConnection, day: string): Promise<string> {
  const first = firstMinuteOf(day);
  const [all] = await readRows(connection, `SELECT count(*) AS n FROM (${coverageSql(first)})`);
  const subjects = await readRows(
    connection,
    `SELECT * FROM (${coverageSql(first)}) ORDER BY minutes_of_day, subject LIMIT ${MOST_ROWS}`,
  );
  const runs = await readRuns(connection, subjects, first);
  const bottom = STRIP.top + Math.max(1, subjects.length) * STRIP.step;
  const x = linear([first, first + minutesPerDay], [STRIP.left, STRIP.right]);
  const shown = `${subjects.length} of ${all?.integer('n') ?? 0} subjects, the least covered first`;
  return figure(
    { width: WIDTH, height: bottom + 56, margin: MARGIN },
    { title: 'Minutes with data', subtitle: `${day} (UTC), ${shown}` },
    ...(subjects.length === 0 ? [label(MARGIN, STRIP.top + 4, 'no data')] : []),
    ...subjects.map((row, index) => {
      const y = STRIP.top + index * STRIP.step;
      return strip(row, runs.get(row.text('subject')) ?? [], x, y);
    }),
    ...minuteTicks(first, first + minutesPerDay, 8).map(
      ({ value, text }) =>
        stroke([x(value), bottom], [x(value), bottom + 5], { stroke: colour.quiet }) +
        label(x(value), bottom + 20, text, { anchor: 'middle', fill: colour.quiet }),
    ),
    label((STRIP.left + STRIP.right) / 2, bottom + 42, 'Time of day (UTC)', {
      anchor: 'middle',
      'font-size': 13,
    }),
  );
}

interface Run {
  first: number;
  last: number;
}

/** By subject: the runs of minutes of the day that have data. */
async function readRuns(
  connection: DuckDBConnection,
  subjects: readonly EngineRow[],
  first: number,
): Promise<Map<string, Run[]>> {
  const runs = new Map(subjects.map((row) => [row.text('subject'), [] as Run[]]));
  if (runs.size === 0) return runs;
  const rows = await readRows(
    connection,
    `SELECT subject, min(minute) AS first_minute, max(minute) AS last_minute
     FROM (
       SELECT subject, minute,
         minute - row_number() OVER (PARTITION BY subject ORDER BY minute) AS run
       FROM data_minutes
       WHERE minute >= ${first} AND minute < ${first + minutesPerDay}
         AND subject IN (${[...runs.keys()].map(literal).join(', ')})
     )
     GROUP BY subject, run ORDER BY subject, first_minute`,
  );
  for (const row of rows) {
    const run = {
      first: Number(row.integer('first_minute')),
      last: Number(row.integer('last_minute')),
    };
    runs.get(row.text('subject'))?.push(run);
  }
  return runs;
}

function strip(row: EngineRow, runs: readonly Run[], x: Scale, y: number): string {
  const size = { y, height: STRIP.height };
  const percent = roundFraction(100n * row.integer('minutes_of_day'), BigInt(minutesPerDay), 1);
  return [
    label(STRIP.left - 10, y + 10, row.text('subject'), { anchor: 'end' }),
    element('rect', {
      ...size,
      x: STRIP.left,
      width: STRIP.right - STRIP.left,
      fill: colour.grid,
    }),
    ...runs.map(({ first, last }) =>
      element('rect', {
        ...size,
        x: x(first),
        width: x(last + 1) - x(first),
        fill: colour.first,
      }),
    ),
    label(STRIP.right + 10, y + 10, `${percent} %`),
  ].join('');
}
