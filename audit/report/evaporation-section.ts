import type { RunRecord } from '../run-record.ts';
import { type Content, markup } from './html.ts';
import { badge, paragraphs, type Section } from './page-parts.ts';
import { type Evaporation, evaporation, sum } from './run-facts.ts';
import { evaporationBadge } from './summary.ts';
import { counted, grouped, moment, tally, who } from './words.ts';
import { table } from './table.ts';

/** What existed, what was destroyed, how its absence was checked, what remains and why. */
export function evaporationSection(record: RunRecord): Section {
  const verdict = evaporation(record);
  return {
    id: 'evaporation',
    title: 'Evaporation certificate',
    body: [
      markup`<p class="verdict">Absence: ${evaporationBadge(verdict)} ${verdictWords(verdict, record)}</p>
`,
      markup`<h3>What existed, and its end</h3>`,
      existed(record),
      markup`<h3>How absence was checked</h3>`,
      checked(record),
      markup`<h3>What remains, and why</h3>`,
      remains(record),
    ],
  };
}

function verdictWords(verdict: Evaporation, { proofs, execution }: RunRecord): string {
  switch (verdict) {
    case 'proven':
      return `at ${moment(proofs.at(-1)?.checkedAt)}, for what is listed below and by the search that is described there.`;
    case 'nothing made':
      return 'The execution ended before it made anything.';
    case 'still running':
      return 'The execution has not ended.';
    case 'not proven':
      return `The execution ended ${execution.status} without a search that covers its last run. What the access log tells of ends is below; ends of machines that nobody searched for afterwards are no proof.`;
  }
}

function existed({ access, ended }: RunRecord): Content {
  const answers = ended.map(
    ({ state, instances, grants, queues = 0 }) =>
      markup`<li>${state}: ${counted(instances, 'machine')}, ${counted(grants, 'grant')}, ${counted(queues, 'queue')}</li>`,
  );
  const told =
    answers.length === 0
      ? paragraphs('No state of the execution told of an end.')
      : markup`<p>What the states that end things said they ended:</p><ul>${answers}</ul>`;
  if (access === undefined) {
    return [paragraphs('No access log was read: what existed is not listed here.'), told];
  }
  if (access.existed.length === 0) return [paragraphs('By the access log, nothing.'), told];
  const open = access.existed.filter((each) => each.ended === undefined);
  return [
    paragraphs(
      open.length === 0
        ? undefined
        : markup`<strong>The log has no end of ${tally(open.map(({ kind }) => kind))}.</strong>`,
    ),
    table({
      caption: 'What existed, by the access log',
      columns: [
        { title: 'Id', kind: 'code' },
        { title: 'What', isShared: true },
        { title: 'Made', kind: 'time' },
        { title: 'Made by', isShared: true },
        { title: 'Ended', kind: 'time' },
        { title: 'Ended by', isShared: true },
      ],
      rows: access.existed.map(({ kind, id, made, ended: end }) => [
        id,
        kind,
        made === undefined ? badge('neutral', 'not in the log') : made.at,
        made === undefined ? 'nobody known' : who(made.by),
        end === undefined ? badge('bad', 'not in the log') : end.at,
        end === undefined ? 'nobody known' : who(end.by),
      ]),
    }),
    told,
  ];
}

function checked({ proofs }: RunRecord): Content {
  if (proofs.length === 0) return paragraphs('No search was made in this execution.');
  return [
    paragraphs(
      'After the end the state machine searched with read rights only: EC2 for machines, volumes, network interfaces and snapshots with the tags of batch and execution; KMS for grants with the names of the execution; SQS for its queues. It answers only where it found none; what still ends is waited for, what stays fails the execution.',
    ),
    table({
      caption: 'Searches, and how many they found',
      columns: [
        { title: 'Search' },
        { title: 'At', kind: 'time' },
        ...['Machines', 'Volumes', 'Interfaces', 'Snapshots', 'Grants', 'Queues'].map((title) => ({
          title,
          kind: 'number' as const,
        })),
      ],
      rows: proofs.map((proof) => [
        proof.state,
        proof.checkedAt,
        proof.instances,
        proof.volumes,
        proof.interfaces,
        proof.snapshots,
        proof.grants,
        proof.queues,
      ]),
    }),
    paragraphs(
      'What such a search cannot see: what has lost its tags, and the memory and disks of machines that AWS has taken back.',
    ),
  ];
}

function remains({ objects, batch, mails, states }: RunRecord): Content {
  const results = objects.flatMap(({ result }) => result ?? []);
  const bytes = (list: readonly { readonly bytes: number }[]) =>
    grouped(sum(list.map((each) => each.bytes)));
  const consolidated = batch?.result;
  const opened: (readonly Content[])[] =
    batch === undefined
      ? []
      : [
          [
            'Encrypted inputs',
            `${counted(objects.length, 'object')}, ${bytes(objects)} bytes`,
            'Write-once: no execution deletes them. By the key’s policy only a worker with a grant can decrypt them.',
          ],
          [
            'Encrypted results',
            `${counted(results.length, 'object')}, ${bytes(results)} bytes`,
            'They are what the run was for. Researchers can decrypt them.',
          ],
          ...(consolidated === undefined
            ? []
            : [
                [
                  'Consolidated result',
                  `${grouped(consolidated.bytes)} bytes, encrypted`,
                  'As above.',
                ],
              ]),
          [
            'Items of the ledger',
            counted(objects.length + 1, 'item'),
            'Opaque ids, counts, digests of ciphertext: which object came to which end.',
          ],
        ];
  return table({
    caption: 'What remains after the execution',
    columns: [{ title: 'What' }, { title: 'How much' }, { title: 'Why' }],
    rows: [
      ...opened,
      [
        'The study’s keys',
        'data key and storage key',
        'They serve the whole study, not one batch.',
      ],
      [
        'History of the execution',
        counted(states.length, 'stay in a state', 'stays in states'),
        'Step Functions keeps it for 90 days. Ids and counts only.',
      ],
      [
        'Access log, flow log, logs',
        'not counted here',
        'They are evidence, in the log bucket and in CloudWatch.',
      ],
      [
        'Mails',
        counted(mails.length, 'mail'),
        'In the recipients’ mailboxes: no PHI by their closed list of fields.',
      ],
    ],
  });
}
