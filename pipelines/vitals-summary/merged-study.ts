import type { DuckDBConnection } from '@duckdb/node-api';
import { EngineRow } from '../engine-row.ts';
import { BadDataError } from '../run-protocol.ts';
import type { Moments } from '../exact-statistics.ts';
import { mergedMonths } from './partial.ts';
import { vitals, type VariableKey } from './variables.ts';

/** A row of merged aggregates, read column by column. */
export class MergedRow extends EngineRow {
  /** Count, sum and sum of squares of a variable. */
  moments(key: VariableKey): Moments {
    return {
      n: this.integer('n'),
      sum: this.integer(`${key}_sum`),
      squares: this.integer(`${key}_squares`),
    };
  }
}

const times = ['first_at', 'last_at']
  .map((column) => `strftime(${column}, '%Y-%m-%d %H:%M:%S') AS ${column}`)
  .join(', ');

/**
 * The whole study as one row: the columns of a month, `first_at` and `last_at` as text.
 *
 * @throws BadDataError NO_ROWS where the batch has no visit
 */
export async function readStudy(connection: DuckDBConnection): Promise<MergedRow> {
  const [study] = await readRows(
    connection,
    `SELECT * REPLACE (${times}) FROM (SELECT ${mergedMonths} FROM months) WHERE n > 0`,
  );
  if (study === undefined) throw new BadDataError('NO_ROWS');
  return study;
}

/** Counts over patients and visits: what `qc.json` holds beside the study's own row. */
export async function readCounts(connection: DuckDBConnection): Promise<MergedRow> {
  const [counts] = await readRows(
    connection,
    `SELECT * FROM
       (SELECT count(*) AS patients, min(n) AS fewest, max(n) AS most FROM patients_seen),
       (SELECT rows - distinct_visits AS duplicates FROM visit_keys),
       (SELECT count(*) AS listed FROM patients_listed),
       (SELECT count(*) AS unlisted, CAST(coalesce(sum(n), 0) AS BIGINT) AS unlisted_rows
          FROM patients_seen ANTI JOIN patients_listed USING (id)),
       (SELECT count(*) AS unseen FROM patients_listed ANTI JOIN patients_seen USING (id))`,
  );
  if (counts === undefined) throw new Error('The engine answered no row of counts.');
  return counts;
}

/** The patients in the order of their ids, a chunk at a time: `id`, `n`, the times and the sums. */
export async function* readPatients(connection: DuckDBConnection): AsyncGenerator<MergedRow> {
  const sums = vitals.map(({ key }) => `${key}_sum`).join(', ');
  const result = await connection.stream(
    `SELECT id, n, ${times}, ${sums} FROM patients_seen ORDER BY id`,
  );
  for await (const rows of result.yieldRowObjects()) yield* rows.map((row) => new MergedRow(row));
}

/** Visits per degree: `upper_edge` and `n`, by rising temperature. */
export async function readTemperatures(connection: DuckDBConnection): Promise<MergedRow[]> {
  return readRows(connection, 'SELECT upper_edge, n FROM temperatures ORDER BY upper_edge');
}

/** Stretches of time that visits are averaged over, in months. */
export type PeriodMonths = 1 | 3 | 12;

/** The study by period: `start`, in months since the year 0, and the columns of a month. */
export async function readPeriods(
  connection: DuckDBConnection,
  period: PeriodMonths,
): Promise<MergedRow[]> {
  const month = 'year(month) * 12 + month(month) - 1';
  return readRows(
    connection,
    `SELECT CAST(floor((${month}) / ${period}) * ${period} AS INTEGER) AS start, ${mergedMonths}
     FROM months GROUP BY start ORDER BY start`,
  );
}

async function readRows(connection: DuckDBConnection, sql: string): Promise<MergedRow[]> {
  const result = await connection.runAndReadAll(sql);
  return result.getRowObjects().map((row) => new MergedRow(row));
}
