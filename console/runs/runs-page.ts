import { At, Lasted } from '../page/moments.ts';
import { markup } from '../page/markup.ts';
import { RunPill, runWords } from '../page/pill.ts';
import type { RunPage, RunRow, StatusFilter } from './run-index.ts';

/** The filters, as the Step Functions console has them. */
export const statusFilters = [
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'ABORTED',
] as const satisfies readonly StatusFilter[];

interface Listed {
  readonly page: RunPage;
  readonly status: StatusFilter | undefined;
  readonly isFirst: boolean;
}

/** The address of a list. */
export function runsAddress(status: StatusFilter | undefined, token?: string): string {
  const query = new URLSearchParams({ ...(status && { status }), ...(token && { page: token }) });
  return query.size === 0 ? '/runs' : `/runs?${query.toString()}`;
}

/** The list of runs. */
export function RunsContent({ page, status, isFirst }: Listed) {
  const filters = [undefined, ...statusFilters].map(
    (each) =>
      markup`<li><a href=${runsAddress(each)} aria-current=${each === status ? 'true' : undefined}>${each === undefined ? 'All' : runWords[each]}</a></li>`,
  );
  return markup`<div class="title"><h1>Runs</h1><nav class="filter" aria-label="Runs by status"><ul>${filters}</ul></nav></div>
    <div id="run-list">${RunList({ page, status, isFirst })}</div>`;
}

/** The rows and the way on: what changes while one looks. */
export function RunList({ page: { rows, next }, status, isFirst }: Listed) {
  if (rows.length === 0) {
    return markup`<p class="empty">${status === undefined ? 'No run yet.' : 'No run has this status.'}</p>`;
  }
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="List of runs"><table class="dense">
      <caption class="unseen">Runs, the newest first</caption>
      <thead><tr><th scope="col">Run</th><th scope="col">Status</th><th scope="col">Batch</th><th scope="col">Started</th><th scope="col" class="n">Duration</th><th scope="col">Error</th></tr></thead>
      <tbody>${rows.map(Row)}</tbody>
    </table></div>
    ${
      isFirst && next === undefined
        ? undefined
        : markup`<nav class="pages" aria-label="Pages">
            ${isFirst ? undefined : markup`<a href=${runsAddress(status)}>Newest</a>`}
            ${next === undefined ? undefined : markup`<a href=${runsAddress(status, next)} rel="next">Older</a>`}
          </nav>`
    }`;
}

function Row({ hash, status, batchId, started, ended, error, redrives }: RunRow) {
  return markup`<tr id=${`run-${hash}`} data-run=${hash} data-status=${status}>
    <th scope="row"><a href=${`/runs/${hash}`}><code>${hash}</code></a>${redrives === 0 ? undefined : markup` <small class="quiet">redriven${redrives === 1 ? '' : ` ×${redrives}`}</small>`}</th>
    <td>${RunPill({ status })}</td>
    <td>${batchId === undefined ? markup`<span class="quiet">not read</span>` : markup`<a href=${`/batches/${batchId}`}><code>${batchId}</code></a>`}</td>
    <td>${At({ time: started })}</td>
    <td class="n">${Lasted({ from: started, to: ended })}</td>
    <td>${error === undefined ? markup`<span class="quiet">–</span>` : markup`<code>${error}</code>`}</td>
  </tr>`;
}
