import { DescribeExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { closeBatch, getBatch } from '../../ledger/batches.ts';
import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import { batchGrantPrefix, batchQueuePrefix } from '../../workflow/model/names.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';
import { type Ended, evaporate, type EvaporationDeps } from '../evaporation/evaporate.ts';
import { notify, type NotifyDeps } from '../notify/notify.ts';
import { findQueues } from '../run-queue/run-queue.ts';
import type { UncleanStatus } from './sweep-event.ts';

export interface SweepDeps extends EvaporationDeps, NotifyDeps {
  readonly sfn: SFNClient;
  readonly study: string;
}

/** How an execution stands. EXPIRED: AWS forgets one ninety days after its end. */
type Status = UncleanStatus | 'RUNNING' | 'SUCCEEDED' | 'EXPIRED';

/** How an execution ended, and its error where that is known. */
export interface Ending {
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
 * Ends what is left of one batch whose execution is over: instances, grants, queues, by the batch's
 * tags and names; then the ledger and the mail say what became of it.
 *
 * The ledger names the one execution that may run the batch. While that one runs, nothing of the
 * batch is touched. An instance that a function launched while its execution was being stopped
 * appears after the event's sweep, and the hourly one finds it. A repeated call finds less, or
 * nothing.
 *
 * @param ending What an event told of the execution, which is then not asked for.
 */
export async function sweepBatch(
  batchId: string,
  deps: SweepDeps,
  ending?: Ending,
): Promise<Swept | undefined> {
  const { study, sqs } = deps;
  const batch = await getBatch(deps.table, batchId);
  const { status, error } = ending ?? (await readEnding(deps.sfn, batch?.executionArn));
  if (status === 'RUNNING') return undefined;

  const ended = await evaporate(
    {
      scope: { study, batchId },
      grantPrefix: batchGrantPrefix({ study, batchId }),
      findQueues: () => findQueues(sqs, batchQueuePrefix({ study, batchId })),
    },
    deps,
  );
  const { executionArn } = batch ?? {};
  if (batch === undefined || executionArn === undefined) return { ...ended, closed: 0, mails: 0 };

  const run = { batchId, executionArn };
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
  run: { batchId: string; executionArn: string },
  outcome: { state: 'SUCCEEDED' | 'FAILED'; reason?: string },
  { table, now }: SweepDeps,
): Promise<number> {
  if (batch.state === outcome.state || batch.state === 'FAILED') return 0;
  return (await closeBatch(table, run, outcome, now())) ? 1 : 0;
}
