import { DescribeExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { closeBatch, getBatch } from '../../ledger/batches.ts';
import type { Run } from '../../workflow/model/batch-plan.ts';
import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';
import {
  type Ended,
  endTraces,
  type EvaporationDeps,
  type Traces,
} from '../evaporation/evaporate.ts';
import { notify, type NotifyDeps } from '../notify/notify.ts';
import { terminateWorkers } from '../terminate-workers/terminate-workers.ts';
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

/** What sweeping one batch came to. */
export interface Swept extends Ended {
  readonly closed: number;
  readonly mails: number;
}

const reasons: Readonly<Record<Exclude<Status, 'RUNNING' | 'SUCCEEDED'>, string>> = {
  ABORTED: 'ExecutionAborted',
  TIMED_OUT: 'ExecutionTimedOut',
  FAILED: 'ExecutionFailed',
  EXPIRED: 'ExecutionExpired',
};

/**
 * Ends what one execution that ended badly has left, by its own tags and names; then the ledger and
 * the mail say what became of it.
 *
 * `run` is its last attempt, which may have ended before it opened the batch anew: what is over is the
 * run that it opened last, up to that one. Nothing of a later run of the batch is touched: a retry, or
 * a redrive, may have opened it since. An execution that was refused, and so has left nothing,
 * changes nothing.
 */
export async function sweepRun(
  run: Run,
  { status, error }: { readonly status: UncleanStatus; readonly error?: string | undefined },
  deps: SweepDeps,
): Promise<Swept | undefined> {
  const ended = await terminateWorkers(run, deps);
  const batch = await getBatch(deps.table, run.batchId);
  if (batch === undefined) return undefined;
  const opened = [lastRun(batch), runBefore(batch)].find((one) => isUpTo(one, run));
  if (opened === undefined) return undefined;
  const reason = error ?? reasons[status];
  // Where a later run has the batch by now, the ledger refuses this one's outcome.
  const closed = await close(batch, opened, { state: 'FAILED', reason }, deps);
  const { sent } = await notify({ ...opened, kind: 'failed', reason }, deps);
  return { ...ended, closed, mails: sent ? 1 : 0 };
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
 * Ends what was found of one batch whose execution is over; then the ledger and the mail say what
 * became of it.
 *
 * The ledger names the one execution that may run the batch. While that one runs, nothing of the
 * batch is touched. The ledger is read after the traces were found, so none of them can be of an
 * execution that opens the batch later. An instance that a function launched while its execution was
 * being stopped appears after the event's sweep, and is found here. A repeated call finds less, or
 * nothing.
 */
export async function sweepBatch(
  batchId: string,
  traces: Traces,
  deps: SweepDeps,
): Promise<Swept | undefined> {
  const batch = await getBatch(deps.table, batchId);
  const { status, error } = await readEnding(deps.sfn, batch?.executionArn);
  if (status === 'RUNNING') return undefined;

  const ended = await endTraces(traces, deps);
  const run = batch && lastRun(batch);
  if (batch === undefined || run === undefined) return { ...ended, closed: 0, mails: 0 };

  if (status === 'SUCCEEDED') {
    return { ...ended, closed: await close(batch, run, { state: 'SUCCEEDED' }, deps), mails: 0 };
  }
  const reason = error ?? reasons[status];
  const closed = await close(batch, run, { state: 'FAILED', reason }, deps);
  const { sent } = await notify({ ...run, kind: 'failed', reason }, deps);
  return { ...ended, closed, mails: sent ? 1 : 0 };
}

async function readEnding(sfn: SFNClient, executionArn: string | undefined): Promise<Ending> {
  // Nothing is launched for a batch before an execution has opened it.
  if (executionArn === undefined) return { status: 'EXPIRED' };
  try {
    const { status, error } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    const isKnown = status === 'SUCCEEDED' || (status !== undefined && status in reasons);
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
