import type { MailKind } from '../workflow/model/mail.ts';
import { runName } from '../workflow/model/names.ts';
import { getItem, type LedgerTable, updateItem } from './table.ts';

/** Names one mail: a run sends at most one of each kind. */
export interface MailPlace {
  readonly batchId: string;
  readonly executionArn: string;
  readonly redrive: number;
  readonly kind: MailKind;
}

const sortKey = ({ kind, ...run }: MailPlace): string => `MAIL#${runName(run)}#${kind}`;

/** Says whether the mail went out already. */
export async function wasMailSent(table: LedgerTable, place: MailPlace): Promise<boolean> {
  return (await getItem(table, place.batchId, sortKey(place))) !== undefined;
}

/**
 * Notes that a mail went out.
 *
 * It is written after the mail is sent: a crash between the two sends the mail a second time,
 * which is better than never.
 */
export async function recordMail(
  table: LedgerTable,
  place: MailPlace,
  messageId: string,
  now: Date,
): Promise<void> {
  await updateItem(table, {
    batchId: place.batchId,
    item: sortKey(place),
    update: 'SET messageId = :messageId, sentAt = if_not_exists(sentAt, :now)',
    values: { ':messageId': messageId, ':now': now.toISOString() },
  });
}
