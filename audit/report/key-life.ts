import type { RunRecord } from '../run-record.ts';
import type { Content } from './html.ts';
import { badge, paragraphs, type Section } from './page-parts.ts';
import { sum } from './run-facts.ts';
import { counted, who } from './words.ts';
import { table } from './table.ts';

type Access = NonNullable<RunRecord['access']>;

/** The data key's life for the batch: who was granted it, how often it was used, when each grant ended. */
export function keySection({ access, ended }: RunRecord): Section {
  const body: Content =
    access === undefined
      ? paragraphs(
          `No access log was read, so who used the key is not told here. By their own answers, the states that end things ended ${counted(sum(ended.map(({ grants }) => grants)), 'grant')}.`,
        )
      : [
          paragraphs(
            'A worker may use the data key by a grant of its own, for this batch only. Uses are counted from the access log; a grant is used by its machine alone.',
          ),
          access.grants.length === 0 ? paragraphs('No grant was made.') : grants(access),
          access.keyUses.length === 0 ? paragraphs('Nobody used the key for it.') : uses(access),
          denials(access),
        ];
  return { id: 'key', title: "The key's life", body };
}

const grants = ({ grants: all }: Access) =>
  table({
    caption: 'Grants of the data key',
    columns: [
      { title: 'Grant', kind: 'digest' },
      { title: 'To the machine', kind: 'code' },
      { title: 'For', isShared: true },
      { title: 'Granted', kind: 'time' },
      { title: 'Used', kind: 'number' },
      { title: 'Ended', kind: 'time' },
      { title: 'Ended by', isShared: true },
    ],
    rows: all.map(({ grantId, grantee, operations, made, used, ended }) => [
      grantId,
      grantee,
      operations.join(', '),
      made.at,
      used,
      ended === undefined ? badge('bad', 'no end in the log') : ended.at,
      ended === undefined ? 'nobody known' : who(ended.by),
    ]),
  });

const uses = ({ keyUses }: Access) =>
  table({
    caption: 'Uses of the data key for the batch',
    columns: [
      { title: 'By' },
      { title: 'Operation', isShared: true },
      { title: 'Of', isShared: true },
      { title: 'Times', kind: 'number' },
      { title: 'Denied', kind: 'number' },
      { title: 'First', kind: 'time' },
      { title: 'Last, of several', kind: 'time' },
    ],
    rows: keyUses.map(({ by, operation, kind, times, denied, first, last }) => [
      who(by),
      operation,
      `${kind}s`,
      times,
      denied,
      first,
      times === 1 ? undefined : last,
    ]),
  });

function denials({ denied }: Access): Content {
  if (denied.length === 0) return paragraphs('No call of these machines was denied.');
  return table({
    caption: 'Calls of machines that were denied',
    columns: [{ title: 'At', kind: 'time' }, { title: 'By', kind: 'code' }, { title: 'Call' }],
    rows: denied.map(({ at, by, call }) => [at, who(by), call]),
  });
}
