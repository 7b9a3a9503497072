import type { Principal } from '../access/principal.ts';
import type { RunRecord } from '../run-record.ts';
import { type Content, markup } from './html.ts';
import { paragraphs, type Section } from './page-parts.ts';
import { counted, moment } from './words.ts';
import { table } from './table.ts';

/** What the report was made from, by digest, and the whole names of those who acted. */
export function sourcesSection(record: RunRecord): Section {
  const { execution, access, digests } = record;
  return {
    id: 'sources',
    title: 'Sources and digests',
    body: [
      paragraphs(
        'Made from the history of the execution, the ledger and, where given, the access log and the cloud assembly. The ledger is read as it is at the time of reading. The report is not signed, and proves no more than its sources do.',
        markup`State machine: <code>${execution.stateMachineArn}</code>`,
        access === undefined
          ? 'Access log: none was read.'
          : `Access log: ${counted(access.records, 'record')}${access.first === undefined ? '' : `, from ${moment(access.first)} to ${moment(access.last)}`}. Records that had not arrived when it was read look as if the calls had not happened.`,
        digests === undefined
          ? 'Templates and bundles: no cloud assembly was given, so their digests are not in here.'
          : undefined,
      ),
      table({
        caption: 'Digests (SHA-256)',
        columns: [{ title: 'What' }, { title: 'Name' }, { title: 'Digest', kind: 'digest' }],
        rows: [
          [
            'definition',
            'as the state machine had it at the time of reading',
            execution.definitionSha256,
          ],
          ...(digests?.templates ?? []).map(({ name, sha256 }) => ['template', name, sha256]),
          ...(digests?.bundles ?? []).map(({ name, sha256 }) => ['bundle', name, sha256]),
        ],
      }),
      actors(record),
    ],
  };
}

function actors({ runs, access }: RunRecord): Content {
  if (access === undefined) return undefined;
  const acts = [
    ...runs.flatMap(({ startedBy, stoppedBy }) => [startedBy, stoppedBy]),
    ...access.existed.flatMap(({ made, ended }) => [made, ended]),
    ...access.grants.flatMap(({ made, ended }) => [made, ended]),
  ];
  const all: readonly Principal[] = [
    ...acts.flatMap((act) => act?.by ?? []),
    ...access.keyUses.map(({ by }) => by),
  ];
  const rows = [...new Map(all.map((by) => [`${by.kind} ${by.name}`, by])).entries()];
  if (rows.length === 0) return undefined;
  return table({
    caption: 'Who acted: roles and services, by their whole names',
    columns: [{ title: 'Name' }, { title: 'Kind' }],
    rows: rows
      .toSorted(([a], [b]) => Number(a > b) - Number(a < b))
      .map(([, { kind, name }]) => [name, kind]),
  });
}
