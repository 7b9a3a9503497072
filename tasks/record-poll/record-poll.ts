import * as z from 'zod';
import { IngestExecution, ingestRunName, RecordedPoll } from '../../ingest/model/ingest-run.ts';
import { recordRun } from '../../ledger/sensors/runs.ts';
import type { Table } from '../../ledger/table.ts';

export const RecordPollInput = z.strictObject({
  ...IngestExecution.shape,
  /** When the workbench was found, before the poll. */
  beganAt: z.iso.datetime(),
  poll: RecordedPoll,
});
export type RecordPollInput = z.infer<typeof RecordPollInput>;

/** For the log: the counts of the poll. */
export const RecordPollOutput = z.strictObject({
  run: z.string(),
  ...RecordedPoll.pick({
    ended: true,
    stored: true,
    duplicates: true,
    rejected: true,
    objects: true,
    backlog: true,
  }).shape,
});
export type RecordPollOutput = z.infer<typeof RecordPollOutput>;

export interface RecordPollDeps {
  readonly table: Table;
  readonly now: () => Date;
}

/**
 * Writes what a poll did on its run, in the sensor ledger.
 *
 * An answer with a word in it that is none of the agreed ones is refused before it is written. A second
 * call writes the same, and keeps the time of the first.
 */
export async function recordPoll(
  { beganAt, poll, ...run }: RecordPollInput,
  { table, now }: RecordPollDeps,
): Promise<RecordPollOutput> {
  await recordRun(table, run, { beganAt, poll }, now());
  const { ended, stored, duplicates, rejected, objects, backlog } = poll;
  return { run: ingestRunName(run), ended, stored, duplicates, rejected, objects, backlog };
}
