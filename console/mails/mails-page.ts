import type { NotedMail } from '../../ledger/mails.ts';
import { markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { Table } from '../page/table.ts';
import type { SentMail } from './sent-mails.ts';

/** The mails of all runs of a batch. */
export interface BatchMails {
  readonly batchId: string;
  readonly mails: readonly NotedMail[];
}

interface Told {
  readonly noted: readonly BatchMails[];
  /** Absent against AWS, where mails are in mailboxes. */
  readonly sent: readonly SentMail[] | undefined;
  readonly mostBatches: number;
}

/** What the study was told by mail. */
export function MailsContent({ noted, sent, mostBatches }: Told) {
  const rows = noted.flatMap(({ batchId, mails }) =>
    mails.map(({ run, kind, sentAt }) => {
      const [hash = '', redrive] = run.split('-');
      return [
        At({ time: sentAt }),
        kind,
        markup`<a href=${`/runs/${hash}`}><code>${hash}</code></a>${redrive === undefined ? undefined : ` redrive ${redrive}`}`,
        markup`<a href=${`/batches/${batchId}`}><code>${batchId}</code></a>`,
      ];
    }),
  );
  return markup`<h1>Mails</h1>
    <p class="quiet">Mails carry a closed list of fields: ids, counts and codes. Shown are those of the last ${mostBatches} batches that ran.</p>
    ${
      rows.length === 0
        ? markup`<p class="empty">No mail was sent.</p>`
        : Table({
            caption: 'As the ledger noted them, by batch',
            columns: [{ title: 'Sent' }, { title: 'Mail' }, { title: 'Run' }, { title: 'Batch' }],
            rows,
          })
    }
    ${sent === undefined ? undefined : markup`<h2>As they were sent</h2>${sent.length === 0 ? markup`<p class="empty">None.</p>` : sent.map(Sent)}`}`;
}

const Sent = ({ number, sentAt, subject, text }: SentMail) =>
  markup`<details id=${`mail-${number}`}><summary>${At({ time: sentAt })} ${subject}</summary><pre tabindex="0" role="region" aria-label=${`Mail ${number}`}>${text}</pre></details>`;
