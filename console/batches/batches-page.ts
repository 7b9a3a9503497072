import { grouped } from '../../audit/report/words.ts';
import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import { executionHash } from '../../workflow/model/names.ts';
import { markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { LedgerPill } from '../page/pill.ts';
import { Table } from '../page/table.ts';

/** Batches on a page. */
export const batchesOfPage = 50;

interface Listed {
  readonly batches: readonly BatchItem[];
  readonly page: number;
  readonly hasMore: boolean;
}

/** The batches of the ledger, newest first. */
export function BatchesContent({ batches, page, hasMore }: Listed) {
  if (batches.length === 0) {
    return markup`<h1>Batches</h1><p class="empty">${page === 1 ? 'No batch yet: czar upload makes one.' : 'There are no more.'}</p>`;
  }
  return markup`<h1>Batches</h1>
    ${Table({
      caption: 'Batches, the newest first',
      columns: [
        { title: 'Batch' },
        { title: 'State' },
        { title: 'Created' },
        { title: 'Objects', kind: 'n' },
        { title: 'Pipeline' },
        { title: 'Last run' },
        { title: 'Reason' },
      ],
      rows: batches.map(
        ({ batchId, state, createdAt, objects, pipeline, executionArn, reason }) => [
          markup`<a href=${`/batches/${batchId}`}><code>${batchId}</code></a>`,
          LedgerPill({ state }),
          At({ time: createdAt }),
          objects === undefined ? '–' : grouped(objects),
          pipeline === undefined ? '–' : markup`<code>${pipeline}</code>`,
          executionArn === undefined ? '–' : RunLink({ executionArn }),
          reason === undefined || reason === '' ? '–' : markup`<code>${reason}</code>`,
        ],
      ),
    })}
    <nav class="pages" aria-label="Pages">
      ${page === 1 ? undefined : markup`<a href=${`/batches?page=${page - 1}`} rel="prev">Newer</a>`}
      ${hasMore ? markup`<a href=${`/batches?page=${page + 1}`} rel="next">Older</a>` : undefined}
    </nav>`;
}

/** A link to a run by its hash. */
export function RunLink({ executionArn }: { executionArn: string }) {
  const hash = executionHash(executionArn);
  return markup`<a href=${`/runs/${hash}`}><code>${hash}</code></a>`;
}
