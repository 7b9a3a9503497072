import type { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import {
  IngestExecution,
  IngestFailure,
  type RecordedPoll,
} from '../../ingest/model/ingest-run.ts';
import { Trouble, TroubleCount } from '../../ingest/model/sensor-items.ts';
import { AsideReason } from '../../ingest/model/sensor-object.ts';
import { getRun, recordReport } from '../../ledger/sensors/runs.ts';
import { readTold } from '../../ledger/sensors/troubles.ts';
import type { Table } from '../../ledger/table.ts';
import { readEarlierRuns } from './earlier-runs.ts';
import { examineDevices } from './examine-devices.ts';
import { failureTrouble, namedFailure } from './failure-trouble.ts';
import { knownUntil, oldestWaiting } from './known-time.ts';
import { readQueue } from './read-queue.ts';
import { untoldTroubles } from './untold-troubles.ts';

export const ReportGapsInput = z.strictObject({
  ...IngestExecution.shape,
  /** Why the run fails, on its failure path. */
  failure: z.strictObject({ state: IngestFailure.shape.state, code: z.string() }).optional(),
});
export type ReportGapsInput = z.infer<typeof ReportGapsInput>;

export const ReportGapsOutput = z.strictObject({
  /** In the order of {@link Trouble}; empty where all is well. */
  troubles: z.array(TroubleCount),
  /** When the last of the silences that are open was found out. */
  newestSilenceAt: z.iso.datetime().nullable(),
  devices: z.int().min(0),
  silent: z.int().min(0),
});
export type ReportGapsOutput = z.infer<typeof ReportGapsOutput>;

export interface ReportGapsDeps {
  readonly sqs: SQSClient;
  readonly table: Table;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly now: () => Date;
}

/**
 * A message that waits longer than this is told of, in milliseconds: ten days of the fourteen that the
 * queue keeps one, so that four are left.
 */
const mostWaitingMs = 10 * 24 * 3_600_000;

/**
 * Finds what is missing or wrong after a poll, or in spite of one that failed: opens and closes the
 * silences of devices, and answers the troubles as codes and counts.
 *
 * The poll's answer is read from the ledger. A second call opens and closes nothing anew and finds the
 * same, but for what changed meanwhile.
 */
export async function reportGaps(
  { failure, ...run }: ReportGapsInput,
  { sqs, table, queueUrl, deadLetterQueueUrl, now }: ReportGapsDeps,
): Promise<ReportGapsOutput> {
  const began = now();
  const [recorded, earlier, told, queue, deadLetters] = await Promise.all([
    getRun(table, run),
    readEarlierRuns(table, run),
    readTold(table),
    readQueue(sqs, queueUrl),
    readQueue(sqs, deadLetterQueueUrl),
  ]);
  const examined = await examineDevices(table, {
    knownUntil: recorded && knownUntil(recorded),
    reportedUntil: dateOf(earlier.polled?.polledAt),
    now: began,
  });
  const oldest = oldestWaiting(recorded, {
    lastKnown: earlier.polled && knownUntil(earlier.polled),
    queueCreatedAt: queue.createdAt,
  });
  const isAging = began.getTime() - oldest.getTime() > mostWaitingMs;
  const named = failure && namedFailure(failure);
  const troubles = listTroubles([
    ...untoldTroubles(earlier.reported, told),
    ...(named === undefined ? [] : [{ code: failureTrouble(named), count: 1 }]),
    ...pollTroubles(recorded?.poll),
    { code: 'QUEUE_AGING', count: isAging ? queue.messages : 0 },
    { code: 'DEAD_LETTERS', count: deadLetters.messages },
    { code: 'DEVICE_SILENT', count: examined.silent },
    { code: 'MESSAGES_MISSING', count: examined.missing },
    { code: 'CLOCK_SKEW', count: examined.skewed },
  ]);
  await recordReport(table, run, { troubles, failure: named }, now());
  const { devices, silent, newestSilenceAt } = examined;
  return { troubles, newestSilenceAt, devices, silent };
}

/** What a poll met: messages set aside, by the code of the reason, and another poller. */
function pollTroubles(poll: RecordedPoll | undefined): TroubleCount[] {
  const aside = AsideReason.options.map((code) => ({ code, count: poll?.aside[code] ?? 0 }));
  return [...aside, { code: 'POLLER_BUSY', count: poll?.ended === 'BUSY' ? 1 : 0 }];
}

/** Sums what was found by code, and leaves out what was not. */
function listTroubles(found: readonly TroubleCount[]): TroubleCount[] {
  return Trouble.options
    .map((code) => ({
      code,
      count: found.reduce((sum, one) => sum + (one.code === code ? one.count : 0), 0),
    }))
    .filter(({ count }) => count > 0);
}

function dateOf(time: string | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
