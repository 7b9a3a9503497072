import { DescribeExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { closeBatch, getBatch } from '../../ledger/batches.ts';
import type { Run } from '../../workflow/model/batch-plan.ts';
import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import { runsUpTo } from '../../workflow/model/names.ts';
import { endReasons, isKnownReason } from '../../workflow/model/reason.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';
import { Ended, endTraces, type EvaporationDeps } from '../evaporation/evaporate.ts';
import { notify, type NotifyDeps } from '../notify/notify.ts';
import { deleteOrphans, findOrphans } from '../run-orphans/run-orphans.ts';
import { terminateWorkers } from '../terminate-workers/terminate-workers.ts';
import type { BatchTraces } from './find-traces.ts';
import { ofOtherExecutions } from './other-executions.ts';
import type { UncleanStatus } from './sweep-event.ts';

export interface SweepDeps extends EvaporationDeps, NotifyDeps {
  readonly sfn: SFNClient;
  readonly study: string;
}

/** How an execution stands. EXPIRED: AWS forgets one ninety days after its end. */
type Status = UncleanStatus | 'RUNNING' | 'SUCCEEDED' | 'EXPIRED';

/** How an execution ended, and its error where that is known. */
interface Ending {
  readonly status: Status;
  readonly error?: string | undefined;
}

const count = z.int().min(0);

/** What sweeping one batch came to. */
export const Swept = z.strictObject({
  ...Ended.shape,
  /** Volumes and network interfaces without an instance that were deleted. */
  volumes: count,
  interfaces: count,
  /**
   * What not even the sweep at the end of its execution had ended: instances that still ran, and
   * volumes and interfaces without one. An alarm counts them by this name.
   */
  outlived: count,
  /** Batches whose outcome was written. */
  closed: count,
  mails: count,
});
export type Swept = z.infer<typeof Swept>;

/** The error that an execution told, if it is one that is known; else how it ended. */
function reasonOf(status: keyof typeof endReasons, error: string | undefined): string {
  return error !== undefined && isKnownReason(error) ? error : endReasons[status];
}

/**
 * Ends what one execution that ended badly has left, by its own tags and names; then the ledger and
 * the mail say what became of it.
 *
 * `run` is its last attempt, which may have ended before it opened the batch anew: what is over is the
 * run that it opened last, up to that one. Nothing of a later run of the batch is touched: a retry, or
 * a redrive, may have opened it since. An execution that was refused, and so has left nothing,
 * changes nothing. Orphans are looked for last: volumes of instances that are only now being
 * terminated are still in use then, and go with them.
 */
export async function sweepRun(
  run: Run,
  { status, error }: { readonly status: UncleanStatus; readonly error?: string | undefined },
  deps: SweepDeps,
): Promise<Swept | undefined> {
  const ended = await terminateWorkers(run, deps);
  const orphans = await deleteOrphansOf(run, deps);
  const outlived = orphans.volumes + orphans.interfaces;
  const batch = await getBatch(deps.table, run.batchId);
  if (batch === undefined) return undefined;
  const opened = [lastRun(batch), runBefore(batch)].find((one) => isUpTo(one, run));
  if (opened === undefined) return undefined;
  const reason = reasonOf(status, error);
  // Where a later run has the batch by now, the ledger refuses this one's outcome.
  const closed = await close(batch, opened, { state: 'FAILED', reason }, deps);
  const { sent } = await notify({ ...opened, kind: 'failed', reason }, deps);
  return { ...ended, ...orphans, outlived, closed, mails: sent ? 1 : 0 };
}

/** The run that opened a batch last; undefined where none has. */
function lastRun({ batchId, executionArn, redrive = 0 }: BatchItem): Run | undefined {
  return executionArn === undefined ? undefined : { batchId, executionArn, redrive };
}

/** The run that failed before the last one. */
function runBefore({ batchId, retryOf, retryOfRedrive = 0 }: BatchItem): Run | undefined {
  return retryOf === undefined
    ? undefined
    : { batchId, executionArn: retryOf, redrive: retryOfRedrive };
}

function isUpTo(opened: Run | undefined, { executionArn, redrive }: Run): opened is Run {
  return opened?.executionArn === executionArn && opened.redrive <= redrive;
}

/**
 * Ends what was found of one batch and belongs to no execution that runs; then, where the batch is
 * over, the ledger and the mail say what became of it.
 *
 * The ledger names the one execution that may run the batch. While that one runs, nothing of its own
 * is touched, and what other executions have left of the batch is ended all the same. The ledger is
 * read after the traces were found, so none of them can be of an execution that opens the batch
 * later. An instance that a function launched while its execution was being stopped appears after
 * the event's sweep, and is found here. A repeated call finds less, or nothing.
 */
export async function sweepBatch(
  batchId: string,
  traces: BatchTraces,
  deps: SweepDeps,
): Promise<Swept | undefined> {
  const batch = await getBatch(deps.table, batchId);
  const run = batch && lastRun(batch);
  const { status, error } = await readEnding(deps.sfn, run?.executionArn);
  if (batch === undefined || run === undefined) {
    return { ...(await endAll(traces, deps)), closed: 0, mails: 0 };
  }
  if (status === 'RUNNING') {
    const strange = ofOtherExecutions(traces, { study: deps.study, ...run });
    if (Object.values(strange).every(({ length }) => length === 0)) return undefined;
    return { ...(await endAll(strange, deps)), closed: 0, mails: 0 };
  }

  const ended = await endAll(traces, deps);
  if (status === 'SUCCEEDED') {
    return { ...ended, closed: await close(batch, run, { state: 'SUCCEEDED' }, deps), mails: 0 };
  }
  const reason = reasonOf(status, error);
  const closed = await close(batch, run, { state: 'FAILED', reason }, deps);
  const { sent } = await notify({ ...run, kind: 'failed', reason }, deps);
  return { ...ended, closed, mails: sent ? 1 : 0 };
}

async function deleteOrphansOf(run: Run, { ec2, study }: SweepDeps) {
  const found = await Promise.all(
    runsUpTo({ study, ...run }).map((each) => findOrphans(ec2, each)),
  );
  return deleteOrphans(ec2, found.flat());
}

async function endAll(
  traces: BatchTraces,
  deps: SweepDeps,
): Promise<Omit<Swept, 'closed' | 'mails'>> {
  const ended = await endTraces(traces, deps);
  const orphans = await deleteOrphans(deps.ec2, traces.orphans);
  // One that is shutting down was ended by somebody.
  const running = traces.instances.filter(({ state }) => state !== 'shutting-down').length;
  return { ...ended, ...orphans, outlived: running + orphans.volumes + orphans.interfaces };
}

async function readEnding(sfn: SFNClient, executionArn: string | undefined): Promise<Ending> {
  // Nothing is launched for a batch before an execution has opened it.
  if (executionArn === undefined) return { status: 'EXPIRED' };
  try {
    const { status, error } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    const isKnown = status === 'SUCCEEDED' || (status !== undefined && status in endReasons);
    // A status that is not known here (one awaiting its redrive) may yet go on.
    return isKnown ? { status: status as Status, error } : { status: 'RUNNING' };
  } catch (caught) {
    if (isAwsError(caught, new Set(['ExecutionDoesNotExist']))) return { status: 'EXPIRED' };
    throw caught;
  }
}

/**
 * Writes the outcome where the ledger says otherwise: the execution's status is the truth. A batch
 * that its execution closed as FAILED keeps the reason it gave.
 */
async function close(
  batch: BatchItem,
  run: Run,
  outcome: { state: 'SUCCEEDED' | 'FAILED'; reason?: string },
  { table, now }: SweepDeps,
): Promise<number> {
  if (batch.state === outcome.state || batch.state === 'FAILED') return 0;
  return (await closeBatch(table, run, outcome, now())) ? 1 : 0;
}
