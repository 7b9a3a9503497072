import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from '../engine.ts';
import { readRows } from '../engine-row.ts';
import { findPartials } from '../find-partials.ts';
import { BadDataError } from '../run-protocol.ts';
import { ecgSource, fewestIntervals } from './alarm-rules.ts';
import { partialColumns, partialFileName } from './partial.ts';

/** Units of 10^-9 in 60 s of microseconds: intervals times this, by their sum, are beats a minute in units of 10^-9. */
const unitsPerMinute = 60_000_000n * 10n ** 9n;

/**
 * Merges the partials of a batch into the table `merged`, with the columns of a partial, and makes of it
 * the table `signals`: per subject, code and minute a mean as an exact fraction, `numerator` by
 * `denominator` in units of 10^-9. The heart rate from ECG blocks is one of them, under the code `ECG`.
 *
 * Sums beyond 128 bits end the run with an error, they never wrap round.
 *
 * @throws BadDataError NO_PARTIALS or MISSING_PARTIAL
 */
export async function mergePartials(connection: DuckDBConnection, input: string): Promise<void> {
  const partials = await findPartials(input, partialFileName);
  const columns = Object.entries(partialColumns).map(
    ([name, type]) => `${literal(name)}: ${literal(type)}`,
  );
  await connection.run(
    `CREATE TABLE merged AS
     SELECT kind, subject, minute, name, unit,
       sum(n) AS n, sum(total) AS total, min(low) AS low, max(high) AS high
     FROM read_csv([${partials.map(literal).join(', ')}], auto_detect = false, header = true,
       delim = ',', quote = '"', escape = '"', strict_mode = true, hive_partitioning = false,
       columns = {${columns.join(', ')}})
     GROUP BY ALL`,
  );
  await connection.run(
    `CREATE TABLE signals AS
     SELECT subject, minute, name AS code, unit, total AS numerator, n AS denominator
       FROM merged WHERE kind = 'VALUE'
     UNION ALL
     SELECT subject, minute, ${literal(ecgSource)}, '/min', ${unitsPerMinute} * n, total
       FROM merged WHERE kind = 'INTERVAL' AND n >= ${fewestIntervals}`,
  );
}

/**
 * The day that the batch is of.
 *
 * @throws BadDataError DIFFERENT_DAYS where its objects are of more than one
 */
export async function readDay(connection: DuckDBConnection): Promise<string> {
  const days = await readRows(connection, `SELECT name FROM merged WHERE kind = 'DAY'`);
  const [day] = days;
  if (day === undefined || days.length > 1) throw new BadDataError('DIFFERENT_DAYS');
  return day.text('name');
}
