import { grouped } from '../../audit/report/words.ts';
import { type Content, markup } from '../page/markup.ts';
import { At, Lasted } from '../page/moments.ts';
import { RunPill } from '../page/pill.ts';
import type { RunView } from './followed-run.ts';
import { reasonOf } from './reason.ts';

/** The views of a run, in the words of the Step Functions console. */
export const views = {
  graph: 'Graph view',
  table: 'Table view',
  events: 'Events',
  evidence: 'Evidence',
} as const;
export type ViewName = keyof typeof views;

/** The address of a view of a run; the graph is the run's own. */
export const viewAddress = (hash: string, view: ViewName): string =>
  view === 'graph' ? `/runs/${hash}` : `/runs/${hash}/${view}`;

/** A run's page: its head, the tabs, and one view. */
export function RunContent({ seen, view, body }: { seen: RunView; view: ViewName; body: Content }) {
  const { hash } = seen.record.execution;
  const tabs = Object.entries(views).map(
    ([name, title]) =>
      markup`<li><a href=${viewAddress(hash, name as ViewName)} aria-current=${name === view ? 'page' : undefined}>${title}</a></li>`,
  );
  return markup`<nav class="crumbs" aria-label="Where you are"><a href="/runs">Runs</a></nav>
    <div id="run-head">${RunHead({ seen })}</div>
    <nav class="tabs" aria-label="Views of the run"><ul>${tabs}</ul></nav>
    <div id="run-body">${body}</div>`;
}

/** What is said of a run above every view. */
export function RunHead({ seen: { record, progress } }: { seen: RunView }) {
  const { execution, request, workers } = record;
  const { hash, status, started, ended, error, redrives } = execution;
  const { batchId, plan } = request;
  const reason = reasonOf(record, progress);
  return markup`<div class="title" data-run=${hash} data-status=${status}><h1>Run <code>${hash}</code></h1> ${RunPill({ status })}</div>
    ${reason === undefined ? undefined : markup`<p id="reason" class=${`notice is-${status === 'ABORTED' ? 'aborted' : 'failed'}`} data-error=${error}>${reason}${error === 'ObjectsFailedError' && batchId !== undefined ? markup` <a href=${`/batches/${batchId}?state=FAILED`}>Which objects</a>` : undefined}</p>`}
    <dl class="facts">
      ${Fact('Batch', batchId === undefined ? 'not read' : markup`<a href=${`/batches/${batchId}`}><code>${batchId}</code></a>`)}
      ${Fact('Pipeline', plan === undefined ? 'not accepted' : markup`<code>${plan.pipeline}</code>`)}
      ${Fact('Workers', plan === undefined ? '–' : `${workers.length} of ${plan.workers}, ${plan.instanceType}`)}
      ${Fact('Objects', progress === undefined ? '–' : Objects({ progress }))}
      ${Fact('Started', At({ time: started }))}
      ${Fact(ended === undefined ? 'Running' : 'Duration', Lasted({ from: started, to: ended }))}
      ${redrives === 0 ? undefined : Fact('Redrives', redrives)}
    </dl>`;
}

function Objects({
  progress: { objects, counts },
}: {
  progress: NonNullable<RunView['progress']>;
}) {
  const { DONE, FAILED } = counts;
  const failed =
    FAILED === 0 ? undefined : markup`, <strong class="bad">${grouped(FAILED)} failed</strong>`;
  return markup`<span>${grouped(DONE)} of ${grouped(objects)} done${failed}</span>`;
}

const Fact = (term: string, value: Content) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>`;
