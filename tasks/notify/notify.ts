import * as z from 'zod';
import {
  type MailPlace,
  recordMail,
  releaseMail,
  reserveMail,
  wasMailSent,
} from '../../ledger/mails.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { LiveRun, Run } from '../../workflow/model/batch-plan.ts';
import { MailFields } from '../../workflow/model/mail.ts';
import { runName } from '../../workflow/model/names.ts';
import { caughtReason } from '../../workflow/model/reason.ts';
import { announce, type Announcer } from '../announce/announce.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';
import { writeMail } from './mail-text.ts';

export const NotifyInput = z.strictObject({
  ...Run.shape,
  /** Absent where the mail tells that the run is over: see {@link LiveRun}. */
  redriven: LiveRun.shape.redriven.optional(),
  ...MailFields.pick({ kind: true, objects: true, done: true, failed: true, workers: true }).shape,
  /** Code of the error that ended the batch, as the machine caught it. */
  reason: z.string().optional(),
});
export type NotifyInput = z.infer<typeof NotifyInput>;

export const NotifyOutput = z.strictObject({
  /** False where this run's mail of this kind had gone out before. */
  sent: z.boolean(),
});
export type NotifyOutput = z.infer<typeof NotifyOutput>;

export interface NotifyDeps extends Announcer {
  readonly table: LedgerTable;
  readonly study: string;
  readonly now: () => Date;
  readonly sleep: (seconds: number) => Promise<void>;
}

/** How long a sender has a mail for itself: as long as its function may run. */
const reservedSeconds = 30;

const stepSeconds = 1;

/**
 * Announces a stage of a batch: a message on the topic, and a mail.
 *
 * Once per run and kind, by the ledger; of two calls at once the second waits for the first. Only
 * where a sender dies, or SES's answer is lost, between mail and record, the mail goes out again: SES
 * takes no token to tell by.
 *
 * @throws RunEndedError in a run that is over.
 */
export async function notify(input: NotifyInput, deps: NotifyDeps): Promise<NotifyOutput> {
  const { batchId, executionArn, redrive, redriven = false, reason, ...counts } = input;
  refuseEndedRun({ batchId, redriven });
  const place = { batchId, executionArn, redrive, kind: input.kind };
  while (!(await reserveMail(deps.table, place, reservedSeconds, deps.now()))) {
    if (await wasMailSent(deps.table, place)) return { sent: false };
    await deps.sleep(stepSeconds);
  }

  const fields = MailFields.parse({
    ...counts,
    batchId,
    study: deps.study,
    // Its hash: the name of an execution is one that a person may have typed.
    execution: runName(place),
    ...(reason !== undefined && { reason: caughtReason(reason) }),
  });
  try {
    await send(place, fields, deps);
  } catch (error) {
    // The next try need not wait for this one's time to pass.
    await releaseMail(deps.table, place);
    throw error;
  }
  return { sent: true };
}

async function send(place: MailPlace, fields: MailFields, deps: NotifyDeps): Promise<void> {
  const messageId = await announce(deps, fields, writeMail(fields));
  await recordMail(deps.table, place, messageId, deps.now());
}
