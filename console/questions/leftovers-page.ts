import { type Existing, type Leftovers } from '../../audit/questions/find-leftovers.ts';
import { adviceOn } from '../../audit/questions/leftover-advice.ts';
import { moment } from '../../audit/report/words.ts';
import { markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { Table } from '../page/table.ts';
import { QuestionTabs, SameAsCommand } from './question-tabs.ts';

/** What exists now and should not. */
export const LeftoversContent = ({ found }: { found: Leftovers | undefined }) =>
  markup`${QuestionTabs({ current: 'leftovers' })}
    <p class="quiet">Looks, now, by tag and by name, for instances, volumes, network interfaces, snapshots, queues and grants of the study that belong to no running execution.</p>
    <form method="get" action="/questions/leftovers"><input type="hidden" name="look" value="now" /><button type="submit">Look now</button></form>
    ${found === undefined ? undefined : Answer({ found })}
    ${SameAsCommand({ text: 'czar audit leftovers' })}`;

function Answer({ found }: { found: Leftovers }) {
  const { left, running, longLived, executions, lookedAt } = found;
  return markup`<h2>Answer</h2>
    <p class=${`notice is-${left.length === 0 ? 'succeeded' : 'failed'}`} id="answer">${left.length === 0 ? 'Nothing is left' : `${left.length} things are left`}, as of ${moment(lookedAt)}.</p>
    <p>What may be there: ${running.length} of running executions (${executions}), ${longLived.length} of long-lived instances.</p>
    ${left.length === 0 ? undefined : Things(left)}`;
}

const Things = (left: readonly Existing[]) =>
  Table({
    caption: 'What is left, and what to do about it',
    columns: [
      { title: 'Id' },
      { title: 'Kind' },
      { title: 'State' },
      { title: 'Since' },
      { title: 'Batch' },
      { title: 'Advice', kind: 'wide' },
    ],
    rows: left.map((one) => [
      markup`<code>${one.id}</code>`,
      one.kind,
      one.state ?? '–',
      At({ time: one.since }),
      one.batchId === undefined ? '–' : markup`<code>${one.batchId}</code>`,
      adviceOn(one),
    ]),
  });
