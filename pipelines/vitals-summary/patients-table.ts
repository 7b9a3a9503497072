import type { DuckDBConnection } from '@duckdb/node-api';
import { readCsv, refuseBadRows, runOnCsv } from './csv-input.ts';

const columns = {
  Surname: 'VARCHAR',
  'Given name': 'VARCHAR',
  DOB: 'VARCHAR',
  height: 'VARCHAR',
  ID: 'DECIMAL(18,9)',
};

/** The header of a patients file. */
export const patientsHeader: readonly string[] = Object.keys(columns);

/**
 * Loads a patients file into the table `patients`, of which only the column `id` is kept.
 *
 * The ids tell which visits belong to nobody on the list. Names, birth dates and heights are
 * checked for their presence and dropped: the results need none of them, and what a partial does not
 * hold cannot leave with it.
 *
 * @throws BadDataError BAD_ENCODING, BAD_ROW, MISSING_VALUE, BAD_VALUE, NO_ROWS
 */
export async function loadPatients(connection: DuckDBConnection, path: string): Promise<void> {
  const lacksValue = patientsHeader.map((name) => `"${name}" IS NULL`).join(' OR ');
  await runOnCsv(
    connection,
    `CREATE TABLE patients AS SELECT CAST(ID AS BIGINT) AS id, ${lacksValue} AS lacks_value,
       ID <> trunc(ID) OR ID < 0 AS has_bad_value
     FROM ${readCsv(path, columns)}`,
    path,
  );
  await refuseBadRows(connection, 'patients');
}
