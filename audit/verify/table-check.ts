import { traceRows } from '../bundle/run-tables.ts';
import { tableColumns, type TableName, tableNames } from '../bundle/table-columns.ts';
import { sum } from '../report/run-facts.ts';
import type { RunRecord } from '../run-record.ts';
import { type Files, textOf } from './bag-checks.ts';
import { type Check, check } from './check.ts';
import { readCsv } from './read-csv.ts';

/** Checks that the tables have their columns, and as many rows of this execution as the record says. */
export function tableCheck(files: Files, record: RunRecord): Check {
  return check(
    'tables',
    'the tables have their columns, name this execution in each row, and count what the record counts',
    [
      ...tableNames.flatMap((name) => tableProblems(name, files, record)),
      ...objects(files, record),
    ],
  );
}

/** How many rows a table has; absent for those whose rows follow from the whole of a record. */
const rowCounts: Readonly<Partial<Record<TableName, (record: RunRecord) => number>>> = {
  'trace.csv': ({ states }) => sum(states.map((visit) => traceRows(visit).length)),
  'objects.csv': (record) => record.objects.length,
  'mails.csv': ({ mails }) => mails.length,
  'digests.csv': ({ digests }) =>
    1 + (digests?.templates.length ?? 0) + (digests?.bundles.length ?? 0),
};

function tableProblems(name: TableName, files: Files, record: RunRecord): string[] {
  const [header = [], ...rows] = readCsv(textOf(files, `data/${name}`)) ?? [];
  if (header.join() !== tableColumns[name].join()) return [`${name} has not its columns`];
  const count = rowCounts[name]?.(record) ?? rows.length;
  const isWrong = (row: readonly string[]) =>
    row.length !== header.length || row[0] !== record.execution.hash;
  return [
    ...(rows.some(isWrong) ? [`${name} has a row that is not of this execution`] : []),
    ...(rows.length === count ? [] : [`${name} has ${rows.length} rows instead of ${count}`]),
    ...(name === 'access.csv' && record.access === undefined && rows.length > 0
      ? ['access.csv tells of an access log, and the record has none']
      : []),
  ];
}

/** Objects are what counts most: each one is compared, with its state and digest. */
function objects(files: Files, record: RunRecord): string[] {
  const [, ...rows] = readCsv(textOf(files, 'data/objects.csv')) ?? [];
  const told = rows.map(([, id, state, bytes, sha256]) => [id, state, bytes, sha256].join());
  return record.objects.flatMap(({ objectId, state, bytes, sha256 = '' }, index) =>
    told[index] === [objectId, state, bytes, sha256].join()
      ? []
      : [`row ${index + 1} of objects.csv is not what the record says of that object`],
  );
}
