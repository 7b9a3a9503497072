import type { CsvTable } from './csv.ts';

/** Columns of each table; the first one of all is the execution's hash. */
export const tableColumns = {
  'trace.csv': [
    'execution',
    'visit',
    'state',
    'type',
    'redrive',
    'worker',
    'machine',
    'try',
    'scheduled',
    'started',
    'ended',
    'outcome',
    'error',
  ],
  'objects.csv': [
    'execution',
    'object',
    'state',
    'bytes',
    'sha256',
    'result_bytes',
    'result_sha256',
    'attempts',
    'reason',
    'pipeline_reason',
    'registered',
    'ended',
    'claimed_by_execution',
    'claimed_in_redrive',
    'instance',
    'worker',
    'machine',
  ],
  'access.csv': [
    'execution',
    'what',
    'at',
    'until',
    'id',
    'by_kind',
    'by_name',
    'by_session',
    'call',
    'of_kind',
    'times',
    'denied',
  ],
  'controls.csv': ['execution', 'rule', 'title', 'kind', 'claim', 'finding', 'by'],
  'cost.csv': ['execution', 'what', 'amount', 'by'],
  'digests.csv': ['execution', 'what', 'name', 'sha256'],
  'mails.csv': ['execution', 'mail', 'redrive', 'sent'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type TableName = keyof typeof tableColumns;
export const tableNames = Object.keys(tableColumns) as TableName[];

/** The rows of a table, without the execution that each of them begins with. */
export type Rows<Name extends TableName> = CsvTable<
  Exclude<(typeof tableColumns)[Name][number], 'execution'>
>['rows'];
