import * as z from 'zod';
import { IngestExecution, ingestRunName, TroubleFields } from '../../ingest/model/ingest-run.ts';
import {
  readTold,
  recordTold,
  releaseTelling,
  reserveTelling,
  toldAgainMs,
  type ToldTroubles,
} from '../../ledger/sensors/troubles.ts';
import type { Table } from '../../ledger/table.ts';
import { announce, type Announcer } from '../announce/announce.ts';
import { writeTroubleMail } from './trouble-text.ts';

export const NotifyTroubleInput = z.strictObject({
  ...IngestExecution.pick({ executionArn: true }).shape,
  troubles: TroubleFields.shape.troubles,
  /** When the last of the silences that are open was found out. */
  newestSilenceAt: z.iso.datetime().nullable(),
});
export type NotifyTroubleInput = z.infer<typeof NotifyTroubleInput>;

export const NotifyTroubleOutput = z.strictObject({
  run: z.string(),
  /** False where nothing is new, or this run's mail had gone out before. */
  sent: z.boolean(),
});
export type NotifyTroubleOutput = z.infer<typeof NotifyTroubleOutput>;

export interface NotifyTroubleDeps extends Announcer {
  readonly table: Table;
  readonly study: string;
  readonly now: () => Date;
  readonly sleep: (seconds: number) => Promise<void>;
}

/** How long a sender has a mail for itself: as long as its function may run. */
const reservedSeconds = 30;

const stepSeconds = 1;

/**
 * Tells a person and the topic what is wrong, where something of it is new: a code that was not told
 * for a day, or a device that fell silent since the last mail.
 *
 * Once per run, by the ledger; of two calls at once the second waits for the first. Only where a sender
 * dies between mail and record, the mail goes out again. A run that could not send its mail has told
 * nothing, and the report of the next one finds the same as new.
 */
export async function notifyTrouble(
  input: NotifyTroubleInput,
  deps: NotifyTroubleDeps,
): Promise<NotifyTroubleOutput> {
  const run = ingestRunName(input);
  let last: ToldTroubles;
  for (;;) {
    last = await readTold(deps.table);
    if (!isNews(input, run, last, deps.now())) return { run, sent: false };
    if (await reserveTelling(deps.table, last, reservedSeconds, deps.now())) break;
    await deps.sleep(stepSeconds);
  }

  const { troubles } = input;
  const fields = TroubleFields.parse({ kind: 'trouble', study: deps.study, run, troubles });
  try {
    await announce(deps, fields, writeTroubleMail(fields));
    const codes = troubles.map(({ code }) => code);
    await recordTold(deps.table, { run, codes, last }, deps.now());
  } catch (error) {
    // The next try need not wait for this one's time to pass.
    await releaseTelling(deps.table);
    throw error;
  }
  return { run, sent: true };
}

function isNews(
  { troubles, newestSilenceAt }: NotifyTroubleInput,
  run: string,
  { run: lastRun, toldAt, told = {} }: ToldTroubles,
  now: Date,
): boolean {
  if (lastRun === run) return false;
  const isNewSilence =
    newestSilenceAt !== null &&
    (toldAt === undefined || Date.parse(newestSilenceAt) > Date.parse(toldAt));
  return (
    isNewSilence ||
    troubles.some(({ code }) => {
      const before = told[code];
      return before === undefined || now.getTime() - Date.parse(before) >= toldAgainMs;
    })
  );
}
