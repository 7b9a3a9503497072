import type { DuckDBConnection } from '@duckdb/node-api';
import { streamRows, type EngineRow } from '../engine-row.ts';
import { VALUE_DECIMALS, formatUnits, mean, roundFraction } from '../exact-statistics.ts';
import { alarmsSql } from './alarms.ts';
import { csvLine } from './csv.ts';
import { formatMinute, minutesPerDay } from './minutes.ts';

const meanDecimals = 4;
const rateDecimals = 2;
const percentDecimals = 2;

/** `minute-means.csv`, line by line: a subject's observations of a code and unit in a minute. */
export async function* minuteMeansCsv(connection: DuckDBConnection): AsyncGenerator<string> {
  yield csvLine('subject', 'minute', 'code', 'unit', 'n', 'mean', 'min', 'max');
  const rows = streamRows(
    connection,
    `SELECT * FROM observed ORDER BY subject, minute, code, unit`,
  );
  for await (const row of rows) {
    const n = row.integer('n');
    yield csvLine(
      row.text('subject'),
      minute(row, 'minute'),
      row.text('code'),
      row.text('unit'),
      n,
      mean({ n, sum: row.integer('total') }, meanDecimals),
      decimal(row.integer('low')),
      decimal(row.integer('high')),
    );
  }
}

/**
 * `heart-rate.csv`, line by line: beats a minute from the ECG blocks, for each minute in which an interval
 * between two beats ends. The mean is that of the intervals; extremes are of single intervals.
 */
export async function* heartRateCsv(connection: DuckDBConnection): AsyncGenerator<string> {
  yield csvLine('subject', 'minute', 'unit', 'intervals', 'mean', 'min', 'max');
  const rows = streamRows(connection, `SELECT * FROM intervals ORDER BY subject, minute`);
  for await (const row of rows) {
    const n = row.integer('n');
    const rate = (intervals: bigint, microseconds: bigint): string =>
      roundFraction(60_000_000n * intervals, microseconds, rateDecimals);
    yield csvLine(
      row.text('subject'),
      minute(row, 'minute'),
      '/min',
      n,
      rate(n, row.integer('total')),
      rate(1n, row.integer('high')),
      rate(1n, row.integer('low')),
    );
  }
}

/** `alarms.csv`, line by line: by subject and time. */
export async function* alarmsCsv(connection: DuckDBConnection): AsyncGenerator<string> {
  yield csvLine('subject', 'alarm', 'source', 'first minute', 'last minute', 'minutes', 'worst');
  for await (const row of streamRows(connection, alarmsSql)) {
    yield csvLine(
      row.text('subject'),
      row.text('alarm'),
      row.isEmpty('source') ? '' : row.text('source'),
      minute(row, 'first_minute'),
      minute(row, 'last_minute'),
      row.integer('last_minute') - row.integer('first_minute') + 1n,
      row.isEmpty('worst')
        ? ''
        : roundFraction(row.integer('worst'), 10n ** BigInt(VALUE_DECIMALS), rateDecimals),
    );
  }
}

/**
 * `coverage.csv`, line by line: minutes with data of those from a subject's first to its last minute, and
 * of those of the day. A subject all of whose values are flagged has no minute.
 */
export async function* coverageCsv(coverage: AsyncIterable<EngineRow>): AsyncGenerator<string> {
  yield csvLine(
    'subject',
    'first minute',
    'last minute',
    'minutes',
    'expected',
    'percent',
    'minutes of the day',
    'expected of the day',
    'percent of the day',
  );
  for await (const row of coverage) {
    const minutes = row.integer('minutes');
    const ofDay = row.integer('minutes_of_day');
    const hasData = minutes > 0n;
    const expected = hasData ? row.integer('last_minute') - row.integer('first_minute') + 1n : 0n;
    yield csvLine(
      row.text('subject'),
      hasData ? minute(row, 'first_minute') : '',
      hasData ? minute(row, 'last_minute') : '',
      minutes,
      expected,
      hasData ? roundFraction(100n * minutes, expected, percentDecimals) : '',
      ofDay,
      minutesPerDay,
      roundFraction(100n * ofDay, BigInt(minutesPerDay), percentDecimals),
    );
  }
}

function minute(row: EngineRow, column: string): string {
  return formatMinute(Number(row.integer(column)));
}

/** A value with the decimals that it has. */
function decimal(units: bigint): string {
  return formatUnits(units, VALUE_DECIMALS).replace(/\.?0+$/, '');
}
