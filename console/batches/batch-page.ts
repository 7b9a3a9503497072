import { grouped } from '../../audit/report/words.ts';
import {
  type BatchItem,
  type ObjectCounts,
  type ObjectItem,
  ObjectState,
} from '../../workflow/model/ledger-items.ts';
import { type Content, markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { LedgerPill } from '../page/pill.ts';
import { Table } from '../page/table.ts';
import { RunLink } from './batches-page.ts';

/** Objects on a page. */
export const objectsOfPage = 100;
/** Counting by state reads all objects: beyond this, `czar status` does. */
export const mostCounted = 10_000;

interface Shown {
  readonly batch: BatchItem;
  readonly objects: readonly ObjectItem[];
  readonly counts: ObjectCounts | undefined;
  readonly state: ObjectState | undefined;
  readonly isFirst: boolean;
  readonly hasMore: boolean;
  readonly isStartable: boolean;
}

/** A batch, and a page of its objects: what the ledger says, opaque ids and digests of ciphertext. */
export function BatchContent(shown: Shown) {
  const { batch, isStartable } = shown;
  const { batchId, state, reason, result } = batch;
  return markup`<nav class="crumbs" aria-label="Where you are"><a href="/batches">Batches</a></nav>
    <div class="title"><h1>Batch <code>${batchId}</code></h1> ${LedgerPill({ state })}</div>
    ${reason === undefined || reason === '' ? undefined : markup`<p class="notice is-failed">The last run ended with <code>${reason}</code>.</p>`}
    <dl class="facts">
      ${Fact('Created', At({ time: batch.createdAt }))}
      ${Fact('Sealed', At({ time: batch.sealedAt }))}
      ${Fact('Opened', At({ time: batch.openedAt }))}
      ${Fact('Closed', At({ time: batch.closedAt }))}
      ${Fact('Pipeline', batch.pipeline ?? '–')}
      ${Fact('Runs', batch.runs ?? 0)}
      ${Fact('Last run', batch.executionArn === undefined ? '–' : RunLink({ executionArn: batch.executionArn }))}
      ${result === undefined ? undefined : Fact('Result', markup`${grouped(result.sizeBytes)} bytes, <code class="digest">${result.sha256}</code>`)}
    </dl>
    ${isStartable ? markup`<p><a href=${`/start?batch=${batchId}`}>Start a run of it</a></p>` : undefined}
    <p><a href=${`/questions?run=${batchId}`}>Who touched it</a></p>
    ${Objects(shown)}`;
}

function Objects({ batch: { batchId, objects: total }, objects, counts, state, ...at }: Shown) {
  const address = (more: Record<string, string>) => {
    const query = new URLSearchParams({ ...(state && { state }), ...more });
    return `/batches/${batchId}${query.size === 0 ? '' : `?${query.toString()}`}`;
  };
  const filters = [undefined, ...ObjectState.options].map((each) => {
    const href = `/batches/${batchId}${each === undefined ? '' : `?state=${each}`}`;
    const count = each === undefined ? total : counts?.[each];
    return markup`<li><a href=${href} aria-current=${each === state ? 'true' : undefined}>${each ?? 'All'}${count === undefined ? '' : ` ${grouped(count)}`}</a></li>`;
  });
  const last = objects.at(-1);
  return markup`<div class="title"><h2>Objects</h2><nav class="filter" aria-label="Objects by state"><ul>${filters}</ul></nav></div>
    ${objects.length === 0 ? markup`<p class="empty">None.</p>` : ObjectTable({ objects })}
    <nav class="pages" aria-label="Pages">
      ${at.isFirst ? undefined : markup`<a href=${address({})}>First</a>`}
      ${at.hasMore && last !== undefined ? markup`<a href=${address({ after: last.objectId })} rel="next">Next</a>` : undefined}
    </nav>`;
}

const ObjectTable = ({ objects }: { objects: readonly ObjectItem[] }) =>
  Table({
    caption: 'By id. Bytes and digests (SHA-256) are of ciphertext; attempts are those of all runs',
    columns: [
      { title: 'Object' },
      { title: 'State' },
      { title: 'Bytes', kind: 'n' },
      { title: 'Attempts', kind: 'n' },
      { title: 'Worker' },
      { title: 'Ended' },
      { title: 'Reason' },
      { title: 'Digest' },
    ],
    rows: objects.map((object) => [
      markup`<code>${object.objectId}</code>`,
      LedgerPill({ state: object.state }),
      grouped(object.sizeBytes),
      object.attempts ?? 0,
      object.claim === undefined ? '–' : markup`<code>${object.claim.instanceId}</code>`,
      At({ time: object.endedAt }),
      [object.reason, object.pipelineReason].filter((each) => each !== undefined).join(', '),
      object.sha256 === undefined ? '–' : markup`<code class="digest">${object.sha256}</code>`,
    ]),
  });

const Fact = (term: string, value: Content) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>`;
