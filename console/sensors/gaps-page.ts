import { grouped } from '../../audit/report/words.ts';
import type { Gap } from '../../ingest/model/sensor-items.ts';
import { markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { Table } from '../page/table.ts';
import { SensorTabs } from './sensor-tabs.ts';

/** Gaps that are told; `czar iot gaps` tells all. */
export const mostGaps = 500;

interface Told {
  readonly gaps: readonly Gap[];
  readonly total: number;
  readonly isOpenOnly: boolean;
}

/** What was expected of devices and did not come. */
export function GapsContent({ gaps, total, isOpenOnly }: Told) {
  return markup`<h1>Sensors</h1>
    ${SensorTabs({ current: 'gaps' })}
    <div class="title"><p class="quiet">LOST: numbers that a device counted and that did not come. SILENT: a device that somebody wears sent nothing for longer than it may.</p>
      <nav class="filter" aria-label="Gaps by state"><ul>
        <li><a href="/sensors/gaps" aria-current=${isOpenOnly ? undefined : 'true'}>All</a></li>
        <li><a href="/sensors/gaps?open=1" aria-current=${isOpenOnly ? 'true' : undefined}>Open</a></li>
      </ul></nav></div>
    ${total > gaps.length ? markup`<p class="notice">These are the newest ${grouped(gaps.length)} of ${grouped(total)}: <code>czar iot gaps</code> tells all.</p>` : undefined}
    ${
      gaps.length === 0
        ? markup`<p class="empty">No gaps.</p>`
        : Table({
            caption: 'Gaps, the newest first',
            columns: [
              { title: 'Device' },
              { title: 'Reason' },
              { title: 'From' },
              { title: 'To' },
              { title: 'Boot' },
              { title: 'Numbers' },
              { title: 'Messages', kind: 'n' },
              { title: 'Closed' },
            ],
            rows: gaps.map(({ device, reason, from, to, boot, fromSeq, toSeq, closedAt }) => [
              markup`<code>${device}</code>`,
              reason,
              At({ time: from }),
              At({ time: to }),
              boot === undefined ? '–' : markup`<code>${boot}</code>`,
              fromSeq === undefined ? '–' : `${fromSeq}–${toSeq ?? ''}`,
              fromSeq === undefined || toSeq === undefined ? 0 : toSeq - fromSeq + 1,
              closedAt === undefined ? 'open' : At({ time: closedAt }),
            ]),
          })
    }`;
}
