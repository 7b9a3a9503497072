import type { Hono } from 'hono';
import { listBatches } from '../../ledger/batches.ts';
import { listMails } from '../../ledger/mails.ts';
import type { Desk } from '../console.ts';
import { type BatchMails, MailsContent } from './mails-page.ts';
import { readSentMails } from './sent-mails.ts';

/** Batches whose mails are shown: each is a question of its own to the ledger. */
const mostBatches = 25;

/** The mails: as the ledger noted them, and in the embedded cloud as they were sent. */
export function addMailRoutes(app: Hono, { sources, show }: Desk): void {
  const { deployment, embedded } = sources;
  app.get('/mails', async (context) => {
    const ids: string[] = [];
    for await (const { batchId, runs } of listBatches(deployment.ledger)) {
      if (runs !== undefined) ids.push(batchId);
      if (ids.length === mostBatches) break;
    }
    const noted: BatchMails[] = await Promise.all(
      ids.map(async (batchId) => ({ batchId, mails: await listMails(deployment.ledger, batchId) })),
    );
    const sent = embedded === undefined ? undefined : await readSentMails(embedded.mails);
    const content = MailsContent({ noted, sent, mostBatches });
    return show(context, { title: 'Mails', part: 'mails', content });
  });
}
