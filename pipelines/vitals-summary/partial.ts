import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from '../engine.ts';
import { findPartials } from '../find-partials.ts';
import { correlated, saturationCap, temperatureCut, variables, vitals } from './variables.ts';

/** What `process` leaves of an object and `consolidate` reads: one Parquet file. */
export const partialFileName = 'partial.parquet';

/*
 * One file with rows of several kinds. Each row is an aggregate that merges by sum, min and max only,
 * over whole numbers or decimals of fixed scale, so that neither the split into objects nor the
 * order of merging can change a bit. Columns that a kind does not use are null and take next to no
 * room. Parquet and not JSON: the engine merges it out of core, so that a study with more visits
 * than memory is still consolidated.
 */
const rowKinds = {
  /** Per month: everything that the whole study and the plots over time are made of. */
  month: `SELECT 'month' AS kind, CAST(date_trunc('month', visited_at) AS DATE) AS month, count(*) AS n,
      min(visited_at) AS first_at, max(visited_at) AS last_at,
      count(*) FILTER (temp > ${temperatureCut}) AS hot,
      count(*) FILTER (osat >= ${saturationCap}) AS capped,
      ${variables
        .map(
          ({ key }) => `sum(${key}) AS ${key}_sum, sum(${key} * ${key}) AS ${key}_squares,
            min(${key}) AS ${key}_min, max(${key}) AS ${key}_max`,
        )
        .join(', ')},
      ${correlated.map((pair) => `sum(${pair.of} * ${pair.with}) AS ${productKey(pair)}`).join(', ')}
    FROM visits GROUP BY ALL ORDER BY month`,
  /** Per patient. */
  patient: `SELECT 'patient' AS kind, id, count(*) AS n,
      min(visited_at) AS first_at, max(visited_at) AS last_at,
      ${vitals.map(({ key }) => `sum(${key}) AS ${key}_sum`).join(', ')}
    FROM visits GROUP BY ALL ORDER BY id`,
  /** Per degree of temperature. A bin ends with its upper edge, so that the cut falls between two bins. */
  temperature: `SELECT 'temperature' AS kind, CAST(ceil(temp) AS INTEGER) AS upper_edge, count(*) AS n
    FROM visits GROUP BY ALL ORDER BY upper_edge`,
  /** Per row: the keys that find duplicates, within an object and across. Sorted, they pack well. */
  visit: `SELECT 'visit' AS kind, id, visited_at AS first_at, 1 AS n
    FROM visits ORDER BY id, first_at`,
};

/** Per patient of a patients table. It is written by an object that has no visits. */
const listedRows = `SELECT 'listed' AS kind, id, count(*) AS n FROM patients GROUP BY ALL ORDER BY id`;

const emptyPatients = `CREATE TABLE IF NOT EXISTS patients (id BIGINT)`;
const emptyVisits = `CREATE TABLE IF NOT EXISTS visits (visited_at TIMESTAMP, id BIGINT,
  ${variables.map(({ key }) => `${key} DECIMAL(14,9)`).join(', ')})`;

/** The name of a sum of products. */
export function productKey(pair: (typeof correlated)[number]): string {
  return `${pair.of}_${pair.with}`;
}

const span = 'min(first_at) AS first_at, max(last_at) AS last_at';

/** The SQL that merges rows of months into fewer: partials of one month, the months of a quarter, the study. */
export const mergedMonths = [
  span,
  ...variables.map(({ key }) => `min(${key}_min) AS ${key}_min, max(${key}_max) AS ${key}_max`),
  sums(['n', 'hot', 'capped']),
  sums(variables.flatMap(({ key }) => [`${key}_sum`, `${key}_squares`])),
  sums(correlated.map(productKey)),
].join(', ');

/** Writes the aggregates of the tables `visits` and `patients`, whichever there are, to a directory. */
export async function writePartial(connection: DuckDBConnection, directory: string): Promise<void> {
  await connection.run(emptyVisits);
  await connection.run(emptyPatients);
  const rows = [...Object.values(rowKinds), listedRows].map((sql) => `(${sql})`);
  await connection.run(
    `COPY (${rows.join(' UNION ALL BY NAME ')})
     TO ${literal(join(directory, partialFileName))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 30720)`,
  );
}

/**
 * Merges the partials of a batch into the tables `months`, `patients_seen`, `temperatures`,
 * `visit_keys` and `patients_listed`.
 *
 * `input` holds one directory per object. Sums beyond 38 digits end the run with an error, they
 * never wrap round.
 *
 * @throws BadDataError NO_PARTIALS or MISSING_PARTIAL
 */
export async function mergePartials(connection: DuckDBConnection, input: string): Promise<void> {
  const partials = await findPartials(input, partialFileName);
  await connection.run(
    `CREATE VIEW partials AS SELECT * FROM read_parquet([${partials.map(literal).join(', ')}], hive_partitioning = false)`,
  );
  await connection.run(
    `CREATE TABLE months AS SELECT month, ${mergedMonths}
     FROM partials WHERE kind = 'month' GROUP BY ALL`,
  );
  await connection.run(
    `CREATE TABLE patients_seen AS SELECT id, ${span},
       ${sums(['n', ...vitals.map(({ key }) => `${key}_sum`)])}
     FROM partials WHERE kind = 'patient' GROUP BY ALL`,
  );
  await connection.run(
    `CREATE TABLE temperatures AS SELECT upper_edge, ${sums(['n'])}
     FROM partials WHERE kind = 'temperature' GROUP BY ALL`,
  );
  await connection.run(
    `CREATE TABLE visit_keys AS SELECT count(*) AS distinct_visits, sum(n) AS rows
     FROM (SELECT ${sums(['n'])} FROM partials WHERE kind = 'visit' GROUP BY id, first_at)`,
  );
  await connection.run(
    `CREATE TABLE patients_listed AS SELECT id, ${sums(['n'])}
     FROM partials WHERE kind = 'listed' GROUP BY ALL`,
  );
}

function sums(names: readonly string[]): string {
  return names.map((name) => `sum(${name}) AS ${name}`).join(', ');
}
