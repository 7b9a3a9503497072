import { checkControls } from '../report/control-checks.ts';
import { consumed } from '../report/consumed.ts';
import { securityRule } from '../report/security-rule.ts';
import type { RunRecord, StateVisit } from '../run-record.ts';
import { accessTable } from './access-table.ts';
import { writeCsv } from './csv.ts';
import { type Rows, tableColumns, type TableName } from './table-columns.ts';

/** Writes the tables of a bundle: what the record says, for a spreadsheet. */
export function runTables(record: RunRecord): Map<TableName, string> {
  const { hash } = record.execution;
  const table = <Name extends TableName>(name: Name, rows: Rows<Name>) => {
    const columns: readonly string[] = tableColumns[name];
    return [
      name,
      writeCsv({ columns, rows: rows.map((row) => ({ ...row, execution: hash })) }),
    ] as const;
  };
  return new Map<TableName, string>([
    table('trace.csv', record.states.flatMap(traceRows)),
    table('objects.csv', objectRows(record)),
    table('access.csv', accessTable(record)),
    table('controls.csv', controlRows(record)),
    table('cost.csv', consumed(record).quantities),
    table('digests.csv', digestRows(record)),
    table(
      'mails.csv',
      record.mails.map(({ kind, redrive, sentAt }) => ({ mail: kind, redrive, sent: sentAt })),
    ),
  ]);
}

/** A line for each try, as engines of workflows trace them; for a stay without one, a line of its own. */
export function traceRows(visit: StateVisit): Rows<'trace.csv'> {
  const { id, state, type, worker, tries, redrive, started, ended, outcome, error } = visit;
  const of = { visit: id, state, type, worker: place(worker?.index), machine: worker?.attempt };
  if (tries.length === 0) return [{ ...of, redrive, started, ended, outcome, error }];
  return tries.map((each, index) => ({ ...of, ...each, try: index + 1 }));
}

/** Workers are counted from 1, as the report counts them. */
const place = (index: number | undefined) => (index === undefined ? undefined : index + 1);

function objectRows({ objects }: RunRecord): Rows<'objects.csv'> {
  return objects.map((object) => ({
    object: object.objectId,
    state: object.state,
    bytes: object.bytes,
    sha256: object.sha256,
    result_bytes: object.result?.bytes,
    result_sha256: object.result?.sha256,
    attempts: object.attempts,
    reason: object.reason,
    pipeline_reason: object.pipelineReason,
    registered: object.registeredAt,
    ended: object.endedAt,
    claimed_by_execution: object.claimedBy?.execution,
    claimed_in_redrive: object.claimedBy?.redrive,
    instance: object.claimedBy?.instanceId,
    worker: place(object.claimedBy?.worker?.index),
    machine: object.claimedBy?.worker?.attempt,
  }));
}

function controlRows(record: RunRecord): Rows<'controls.csv'> {
  return checkControls(record).map(({ cite, ...check }) => ({
    rule: cite,
    ...securityRule[cite],
    ...check,
  }));
}

function digestRows({ execution, digests }: RunRecord): Rows<'digests.csv'> {
  return [
    { what: 'definition', name: 'definition.asl.json', sha256: execution.definitionSha256 },
    ...(digests?.templates ?? []).map((one) => ({ what: 'template', ...one })),
    ...(digests?.bundles ?? []).map((one) => ({ what: 'bundle', ...one })),
  ];
}
