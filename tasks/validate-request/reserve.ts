import { DescribeExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { reserveBatch } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';
import type { BatchItem } from '../../workflow/model/ledger-items.ts';

/** What Step Functions calls an execution that it does not know, or has forgotten. */
const unknown = new Set(['ExecutionDoesNotExist']);

/** From these no execution goes on. */
const over = new Set(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);

/**
 * Reserves a batch for an execution that is about to open it. Answers false where another one that
 * still runs came first.
 *
 * Nobody takes a reservation back: that of an execution which is over, or which has opened the batch
 * before it failed, is worth nothing. The lock is the opening's; this only decides who gets to it.
 */
export async function reserve(
  { batchId, state, executionArn: opener, reservedBy }: BatchItem,
  executionArn: string,
  { sfn, table }: { readonly sfn: SFNClient; readonly table: LedgerTable },
): Promise<boolean> {
  // A repeated call, after this very execution has opened it.
  if (state === 'OPEN') return true;
  const isFree = reservedBy === undefined || [executionArn, opener].includes(reservedBy);
  if (!isFree && (await mayGoOn(sfn, reservedBy))) return false;
  return reserveBatch(table, { batchId, executionArn }, reservedBy);
}

async function mayGoOn(sfn: SFNClient, executionArn: string): Promise<boolean> {
  try {
    const { status = '' } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return !over.has(status);
  } catch (error) {
    if (isAwsError(error, unknown)) return false;
    throw error;
  }
}
