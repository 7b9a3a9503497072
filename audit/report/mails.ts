import type { MailKind } from '../../workflow/model/mail.ts';
import type { RunRecord } from '../run-record.ts';
import { paragraphs, type Section } from './page-parts.ts';
import { table } from './table.ts';

const meanings: Readonly<Record<MailKind, string>> = {
  working: 'work with PHI begins',
  done: 'the results are there',
  evaporated: 'what was launched is gone',
  failed: 'the run failed',
};

/** The mails that the study was sent. */
export function mailsSection({ mails }: RunRecord): Section {
  const body =
    mails.length === 0
      ? paragraphs('No mail was sent.')
      : table({
          caption: 'Mails, as the ledger has them',
          columns: [
            { title: 'Mail' },
            { title: 'Says that' },
            { title: 'Run', kind: 'number' },
            { title: 'Sent', kind: 'time' },
          ],
          rows: mails.map(({ kind, redrive, sentAt }) => [
            kind,
            meanings[kind],
            redrive + 1,
            sentAt,
          ]),
        });
  return { id: 'mails', title: 'Mails', body };
}
