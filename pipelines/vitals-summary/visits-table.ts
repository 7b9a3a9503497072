import type { DuckDBConnection } from '@duckdb/node-api';
import { readCsv, refuseBadRows, runOnCsv } from './csv-input.ts';
import { variables, type Variable } from './variables.ts';

/** Nine decimals, magnitudes below 100,000: see `exact-statistics.ts` for what this buys. */
const MEASURE = 'DECIMAL(14,9)';

const DATE = `try_strptime(date, '%Y-%m-%d %H:%M:%S')`;
const DATE_LENGTH = 'YYYY-MM-DD hh:mm:ss'.length;

const runningSums = ['sum BaseE', 'sum TPain', 'sum DK'];

/** The columns of a visits file, in order, with the types that the engine reads them as. */
const columns: Record<string, string> = {
  // As text: the engine's CSV reader takes `infinity` for a timestamp, and makes it 1900-01-01.
  date: 'VARCHAR',
  // Whole numbers are read as decimals: the engine would round 1.5 to an INTEGER 2 in silence.
  ID: 'DECIMAL(18,9)',
  ...Object.fromEntries(variables.map(({ column }) => [column, MEASURE])),
  ...Object.fromEntries(runningSums.map((column) => [column, 'DECIMAL(18,6)'])),
};

/** The header of a visits file. */
export const visitsHeader: readonly string[] = Object.keys(columns);

/**
 * Loads a visits file into the table `visits` (`visited_at`, `id`, one column per variable).
 *
 * Every cell is checked, those of the running sums too, though nothing uses them further.
 *
 * @throws BadDataError BAD_ENCODING, BAD_ROW (a wrong number of cells, or a cell of a wrong type),
 *   MISSING_VALUE, BAD_VALUE (a date, a whole number or a flag that is none), NO_ROWS
 */
export async function loadVisits(connection: DuckDBConnection, path: string): Promise<void> {
  const cells = visitsHeader.map(quoted);
  await runOnCsv(
    connection,
    `CREATE TABLE visits AS SELECT
       ${DATE} AS visited_at,
       CAST(ID AS BIGINT) AS id,
       ${variables.map(({ column, key }) => `${quoted(column)} AS ${key}`).join(', ')},
       ${cells.map((cell) => `${cell} IS NULL`).join(' OR ')} AS lacks_value,
       length(date) <> ${DATE_LENGTH} OR ${DATE} IS NULL
         OR ID <> trunc(ID) OR ID < 0 OR ${variables.flatMap(violation).join(' OR ')} AS has_bad_value
     FROM ${readCsv(path, columns)}`,
    path,
  );
  await refuseBadRows(connection, 'visits');
}

function violation({ column, kind }: Variable): string[] {
  const cell = quoted(column);
  if (kind === 'whole') return [`${cell} <> trunc(${cell})`];
  if (kind === 'flag') return [`${cell} NOT IN (0, 1)`];
  return [];
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
