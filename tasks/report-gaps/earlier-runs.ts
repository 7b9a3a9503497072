import {
  type IngestExecution,
  type IngestRun,
  ingestRunName,
} from '../../ingest/model/ingest-run.ts';
import { listRuns } from '../../ledger/sensors/runs.ts';
import type { Table } from '../../ledger/table.ts';

/** The runs before one that its report is held against. */
export interface EarlierRuns {
  /** The last one that reported. */
  readonly reported?: IngestRun | undefined;
  /** The last one that reported what a poll had done: gaps that were found before it ended are known. */
  readonly polled?: IngestRun | undefined;
}

/**
 * Reads earlier runs, newest first, back to the last one whose poll did something.
 *
 * A poll that broke off has no answer and is passed over: what it had found is found again, or still
 * there, in the next one that ends.
 */
export async function readEarlierRuns(table: Table, own: IngestExecution): Promise<EarlierRuns> {
  const began = Date.parse(own.startedAt);
  const name = ingestRunName(own);
  let reported: IngestRun | undefined;
  for await (const run of listRuns(table)) {
    const isEarlier = Date.parse(run.startedAt) <= began && run.run !== name;
    if (!isEarlier || run.reportedAt === undefined) continue;
    reported ??= run;
    if (run.polledAt === undefined || run.poll?.ended === 'BUSY') continue;
    return { reported, polled: run };
  }
  return { reported };
}
