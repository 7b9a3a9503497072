import * as z from 'zod';
import { MailKind } from '../workflow/model/mail.ts';
import { runName } from '../workflow/model/names.ts';
import { getItem, type LedgerTable, queryItems, updateItem } from './table.ts';

/** Names one mail: a run sends at most one of each kind. */
export interface MailPlace {
  readonly batchId: string;
  readonly executionArn: string;
  readonly redrive: number;
  readonly kind: MailKind;
}

const sortKey = ({ kind, ...run }: MailPlace): string => `MAIL#${runName(run)}#${kind}`;

/** When a mail went out, in ISO 8601; undefined where it did not. */
export async function mailSentAt(
  table: LedgerTable,
  place: MailPlace,
): Promise<string | undefined> {
  const found = await getItem(table, place.batchId, sortKey(place));
  return z.string().optional().parse(found?.sentAt);
}

/** A mail that went out, as the ledger has it. */
const NotedMail = z.object({
  /** Hash of the execution, and a dash and the number of its redrive behind the first run. */
  run: z.string().regex(/^[0-9a-f]{12}(?:-[0-9]+)?$/),
  kind: MailKind,
  sentAt: z.string(),
});
export type NotedMail = z.infer<typeof NotedMail>;

/** Reads the mails of all runs of a batch that went out, in the order in which they did. */
export async function listMails(table: LedgerTable, batchId: string): Promise<NotedMail[]> {
  const mails: NotedMail[] = [];
  for await (const { item, sentAt } of queryItems(table, batchId, 'MAIL#')) {
    const [, run, kind] = String(item).split('#');
    if (sentAt !== undefined) mails.push(NotedMail.parse({ run, kind, sentAt }));
  }
  return mails.toSorted((a, b) => Date.parse(a.sentAt) - Date.parse(b.sentAt));
}

/** Says whether the mail went out already. */
export async function wasMailSent(table: LedgerTable, place: MailPlace): Promise<boolean> {
  return (await mailSentAt(table, place)) !== undefined;
}

/**
 * Reserves a mail for one sender, for so many seconds: whoever else wants to send it is to wait.
 *
 * Answers false where it went out, or another sender has it reserved. A sender that died lets its
 * time pass, and the next one sends the mail, which may be the second time: better than never.
 */
export async function reserveMail(
  table: LedgerTable,
  place: MailPlace,
  seconds: number,
  now: Date,
): Promise<boolean> {
  const reserved = await updateItem(table, {
    partition: place.batchId,
    item: sortKey(place),
    update: 'SET reservedUntil = :until',
    condition:
      'attribute_not_exists(sentAt) AND (attribute_not_exists(reservedUntil) OR reservedUntil <= :now)',
    values: {
      ':until': new Date(now.getTime() + seconds * 1000).toISOString(),
      ':now': now.toISOString(),
    },
  });
  return reserved !== undefined;
}

/** Gives a mail back that could not be sent. */
export async function releaseMail(table: LedgerTable, place: MailPlace): Promise<void> {
  await updateItem(table, {
    partition: place.batchId,
    item: sortKey(place),
    update: 'REMOVE reservedUntil',
  });
}

/** Notes that a mail went out. */
export async function recordMail(
  table: LedgerTable,
  place: MailPlace,
  messageId: string,
  now: Date,
): Promise<void> {
  await updateItem(table, {
    partition: place.batchId,
    item: sortKey(place),
    update: 'SET messageId = :messageId, sentAt = if_not_exists(sentAt, :now)',
    values: { ':messageId': messageId, ':now': now.toISOString() },
  });
}
