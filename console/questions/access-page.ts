import { openAccessLog } from '../../audit/access/open-access-log.ts';
import type { AnsweredCall } from '../../audit/questions/answered-call.ts';
import {
  type AccessCounts,
  type AccessQuestion,
  askAccess,
} from '../../audit/questions/ask-access.ts';
import { grouped, who } from '../../audit/report/words.ts';
import type { Look } from '../../audit/graph/palette.ts';
import { markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { Pill } from '../page/pill.ts';
import { Table } from '../page/table.ts';
import { NoLog, QuestionTabs, SameAsCommand } from './question-tabs.ts';
import { type AccessField, accessFields, type AskedAccess } from './read-question.ts';

/** Calls that a page shows; the command tells all. */
const mostCalls = 200;

/** The first calls of an answer, and what was counted over all of it. */
export interface AccessAnswer {
  readonly calls: readonly AnsweredCall[];
  readonly counts: AccessCounts;
}

/** Asks the log, and keeps no more than a page shows. */
export async function answerAccess(question: AccessQuestion, log: string): Promise<AccessAnswer> {
  const asked = askAccess(question, () => openAccessLog(log));
  const calls: AnsweredCall[] = [];
  for (;;) {
    const next = await asked.next();
    if (next.done === true) return { calls, counts: next.value };
    if (calls.length < mostCalls) calls.push(next.value);
  }
}

interface Told {
  readonly asked: AskedAccess;
  readonly answer: AccessAnswer | undefined;
  readonly hasLog: boolean;
}

const labels: Readonly<Record<AccessField, readonly [string, string]>> = {
  object: ['Object', 'its id'],
  principal: ['Principal', 'a role or a session'],
  run: ['Run', 'a batch’s id, or a run’s'],
  from: ['From', 'like 2026-11-23T08:00:00Z'],
  to: ['To', 'that moment included'],
};

/** Who called what on what, when, and what became of it. */
export function AccessContent({ asked, answer, hasLog }: Told) {
  return markup`${QuestionTabs({ current: 'access' })}
    ${hasLog ? Form({ asked }) : NoLog()}
    ${answer === undefined ? undefined : Answer({ asked, answer })}`;
}

function Form({ asked: { faults, values } }: { asked: AskedAccess }) {
  const inputs = accessFields.map((field) => {
    const [name, hint] = labels[field];
    const fault = faults[field];
    return markup`<div><label for=${field}>${name} <small>${hint}</small></label>
      <input id=${field} name=${field} value=${values[field]} autocomplete="off" spellcheck="false" aria-invalid=${fault === undefined ? undefined : 'true'} aria-describedby=${fault === undefined ? undefined : `${field}-fault`} />
      ${fault === undefined ? undefined : markup`<p class="fault" id=${`${field}-fault`}>${fault}</p>`}</div>`;
  });
  return markup`<p class="quiet">Who called what, when, and whether it was allowed: of one object, one principal, or one run.</p>
    <form class="inline" method="get" action="/questions">${inputs}<button type="submit">Ask</button></form>`;
}

const looks: Readonly<Record<AnsweredCall['outcome'], Look>> = {
  allowed: 'succeeded',
  denied: 'failed',
  failed: 'caught',
};

function Answer({ asked, answer }: { asked: AskedAccess; answer: AccessAnswer }) {
  const { calls, counts } = answer;
  return markup`<h2>Answer</h2>
    <p id="answer">${grouped(counts.calls)} calls: ${grouped(counts.allowed)} allowed, ${grouped(counts.denied)} denied, ${grouped(counts.failed)} failed. ${grouped(counts.records)} records were read.${calls.length < counts.calls ? ` Shown are the first ${grouped(calls.length)}.` : ''}</p>
    ${calls.length === 0 ? undefined : Calls(calls)}
    ${SameAsCommand({ text: commandOf(asked) })}`;
}

const Calls = (calls: readonly AnsweredCall[]) =>
  Table({
    caption: 'Calls, in the order of the log',
    columns: [
      { title: 'At' },
      { title: 'Call' },
      { title: 'Outcome' },
      { title: 'By' },
      { title: 'On', kind: 'wide' },
    ],
    rows: calls.map(({ at, call, outcome, error, by, on }) => [
      At({ time: at }),
      markup`<code>${call}</code>`,
      markup`${Pill({ look: looks[outcome], code: outcome, word: outcome })}${error === undefined ? undefined : markup` <code>${error}</code>`}`,
      who(by),
      on.map(({ kind, id }) => `${kind} ${id.slice(0, 24)}`).join(', '),
    ]),
  });

function commandOf({ values }: AskedAccess): string {
  const isHash = /^[0-9a-f]{12}$/.test(values.run ?? '');
  const options = accessFields.flatMap((field) => {
    const value = values[field];
    return value === undefined
      ? []
      : [`--${field} ${field === 'run' && isHash ? '<execution ARN>' : value}`];
  });
  return ['czar audit access', ...options, '--access-log <path>'].join(' ');
}
