import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from '../engine.ts';
import { readRows } from '../engine-row.ts';
import { findPartials } from '../find-partials.ts';
import { BadDataError } from '../run-protocol.ts';
import { ecgSource, fewestIntervals } from './alarm-rules.ts';
import { partialColumns, partialFileName, type PartialKind } from './partial.ts';

/** Units of 10^-9 in 60 s of microseconds: intervals times this, by their sum, are beats a minute in units of 10^-9. */
const unitsPerMinute = 60_000_000n * 10n ** 9n;

/** Tables of figures: the kinds of rows that are merged into them, and the columns by which these differ. */
const tables = {
  observed: { kinds: ['VALUE'], columns: 'subject, minute, name AS code, unit' },
  intervals: { kinds: ['INTERVAL'], columns: 'subject, minute' },
  tallies: { kinds: ['DEVICE', 'CLOCK', 'COUNT', 'DAY'], columns: 'kind, subject, name' },
} as const satisfies Record<string, { kinds: readonly PartialKind[]; columns: string }>;

/** Tables of which only the rows count, each once. */
const sets = {
  data_minutes: { kind: 'DATA', columns: 'subject, minute' },
  messages: { kind: 'MESSAGE', columns: 'subject, name, minute' },
} as const satisfies Record<string, { kind: PartialKind; columns: string }>;

/**
 * Merges the partials of a batch.
 *
 * Makes the tables `observed`, `intervals` and `tallies`, each with the figures of a partial;
 * `data_minutes` and `messages`, each minute in which a subject has data and each message once; and the view `signals`: per subject,
 * code and minute a mean as an exact fraction, `numerator` by `denominator` in units of 10^-9, and its
 * `value` in whole ones. The heart rate from ECG blocks is one of them, under the code `ECG`.
 *
 * Table by table, although the partials are read as often: the engine groups one kind of short rows in a
 * memory in which it cannot group all of them. Sums beyond 128 bits end the run with an error, they
 * never wrap round.
 *
 * @throws BadDataError NO_PARTIALS or MISSING_PARTIAL
 */
export async function mergePartials(connection: DuckDBConnection, input: string): Promise<void> {
  const partials = readPartials(await findPartials(input, partialFileName));
  for (const [table, { kinds, columns }] of Object.entries(tables)) {
    await connection.run(
      `CREATE TABLE ${table} AS
       SELECT ${columns},
         sum(n) AS n, sum(total) AS total, min(low) AS low, max(high) AS high
       FROM ${partials} WHERE kind IN (${kinds.map(literal).join(', ')}) GROUP BY ALL`,
    );
  }
  for (const [table, { kind, columns }] of Object.entries(sets)) {
    await connection.run(
      `CREATE TABLE ${table} AS SELECT DISTINCT ${columns} FROM ${partials}
       WHERE kind = ${literal(kind)}`,
    );
  }
  await connection.run(
    `CREATE VIEW signals AS
     SELECT *, (2 * numerator + denominator) // (2 * denominator) AS value
     FROM (
       SELECT subject, minute, code, unit, total AS numerator, n AS denominator FROM observed
       UNION ALL
       SELECT subject, minute, ${literal(ecgSource)}, '/min', ${unitsPerMinute} * n, total
         FROM intervals WHERE n >= ${fewestIntervals}
     )`,
  );
}

function readPartials(paths: readonly string[]): string {
  const columns = Object.entries(partialColumns).map(
    ([name, type]) => `${literal(name)}: ${literal(type)}`,
  );
  return `read_csv([${paths.map(literal).join(', ')}], auto_detect = false, header = true,
    delim = ',', quote = '"', escape = '"', strict_mode = true, hive_partitioning = false,
    columns = {${columns.join(', ')}})`;
}

/**
 * The day that the batch is of.
 *
 * @throws BadDataError DIFFERENT_DAYS where its objects are of more than one
 */
export async function readDay(connection: DuckDBConnection): Promise<string> {
  const days = await readRows(connection, `SELECT name FROM tallies WHERE kind = 'DAY'`);
  const [day] = days;
  if (day === undefined || days.length > 1) throw new BadDataError('DIFFERENT_DAYS');
  return day.text('name');
}
