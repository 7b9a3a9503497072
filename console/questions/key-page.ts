import type { GrantNow } from '../../audit/questions/grants-now.ts';
import type { KeyLife } from '../../audit/questions/key-life.ts';
import { grouped, who } from '../../audit/report/words.ts';
import { markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { Pill } from '../page/pill.ts';
import { Table } from '../page/table.ts';
import type { AskedKey } from './read-question.ts';
import { QuestionTabs, SameAsCommand } from './question-tabs.ts';

interface Told {
  readonly asked: AskedKey;
  readonly life?: KeyLife;
  readonly exist?: readonly GrantNow[];
}

const endWords: Readonly<Record<string, string>> = {
  RevokeGrant: 'revoked',
  RetireGrant: 'retired',
};

/** The life of the data key: grants, their ends, uses, denials, and the grants that exist now. */
export const KeyContent = ({ asked: { batchId, fault }, life, exist = [] }: Told) =>
  markup`${QuestionTabs({ current: 'key' })}
    <p class="quiet">Who was granted the data key, for which batch, how often it was used, and when each grant ended.</p>
    <form class="inline" method="get" action="/questions/key">
      <div><label for="run">Batch <small>empty: all</small></label><input id="run" name="run" value=${batchId} autocomplete="off" spellcheck="false" aria-invalid=${fault === undefined ? undefined : 'true'} aria-describedby=${fault === undefined ? undefined : 'run-fault'} />${fault === undefined ? undefined : markup`<p class="fault" id="run-fault">${fault}</p>`}</div>
      <button type="submit">Ask</button>
    </form>
    ${life === undefined ? undefined : Answer({ life, exist, batchId })}`;

interface Answered {
  readonly life: KeyLife;
  readonly exist: readonly GrantNow[];
  readonly batchId: string | undefined;
}

function Answer({ life, exist, batchId }: Answered) {
  const { grants, uses, denied, records, ofKey } = life;
  return markup`<h2>Answer</h2>
    <p class=${`notice is-${exist.length === 0 ? 'succeeded' : 'failed'}`} id="answer">${exist.length === 0 ? 'No grant exists now.' : `${exist.length} grants exist now: ${exist.map(({ grantId }) => grantId.slice(0, 12)).join(', ')}.`}</p>
    <p>${grouped(grants.length)} grants; ${grouped(records)} records were read, ${grouped(ofKey)} of them about the key.</p>
    ${
      grants.length === 0
        ? undefined
        : Table({
            caption: 'Grants',
            columns: ['Grant', 'Batch', 'To', 'Operations', 'Made', 'Ended'].map((title) => ({
              title,
            })),
            rows: grants.map(({ grantId, batch, grantee, operations, at }) => {
              const end = life.endOf(grantId);
              return [
                markup`<code>${grantId.slice(0, 12)}…</code>`,
                markup`<code>${batch}</code>`,
                markup`<code>${grantee}</code>`,
                operations.join(', '),
                At({ time: at }),
                end === undefined
                  ? Pill({ look: 'failed', code: 'open', word: 'no end in the log' })
                  : markup`${At({ time: end.at })} ${endWords[end.call] ?? end.call}`,
              ];
            }),
          })
    }
    ${
      uses.length === 0
        ? undefined
        : Table({
            caption: 'Uses',
            columns: [
              { title: 'Who' },
              { title: 'Operation' },
              { title: 'Study, batch, kind' },
              { title: 'Times', kind: 'n' },
              { title: 'Denied', kind: 'n' },
              { title: 'First' },
              { title: 'Last' },
            ],
            rows: uses.map((use) => [
              who(use.by),
              use.operation,
              use.context === undefined ? 'no context' : Object.values(use.context).join(' / '),
              use.times,
              use.denied,
              At({ time: use.first }),
              At({ time: use.last }),
            ]),
          })
    }
    ${
      denied.length === 0
        ? undefined
        : Table({
            caption: 'Denied',
            columns: [{ title: 'At' }, { title: 'Call' }, { title: 'Who' }],
            rows: denied.map(({ at, call, by }) => [At({ time: at }), call, who(by)]),
          })
    }
    ${SameAsCommand({ text: `czar audit key${batchId === undefined ? '' : ` --run ${batchId}`} --access-log <path>` })}`;
}
