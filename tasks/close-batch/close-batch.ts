import * as z from 'zod';
import { closeBatch as closeInLedger } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { LiveRun, Run } from '../../workflow/model/batch-plan.ts';
import { BatchTakenError } from '../../workflow/model/errors.ts';
import { caughtReason } from '../../workflow/model/reason.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';

export const CloseBatchInput = z.discriminatedUnion('outcome', [
  z.strictObject({ ...LiveRun.shape, outcome: z.literal('SUCCEEDED') }),
  // Transformed already here, because the log repeats it.
  z.strictObject({
    ...Run.shape,
    outcome: z.literal('FAILED'),
    reason: z.string().min(1).transform(caughtReason),
  }),
]);
export type CloseBatchInput = z.infer<typeof CloseBatchInput>;

export const CloseBatchOutput = z.strictObject({
  /** False where the batch is not this run's: a failed one may end before it opened it. */
  closed: z.boolean(),
});
export type CloseBatchOutput = z.infer<typeof CloseBatchOutput>;

export interface CloseBatchDeps {
  readonly table: LedgerTable;
  readonly now: () => Date;
}

/**
 * Writes a run's outcome on the batch: the last act of a run.
 *
 * Objects that nobody got to stay REGISTERED: the ledger tells them from those that were tried and
 * failed, and a later run could take them up. A repeated call writes the same outcome.
 *
 * @throws RunEndedError for a run that is over and is to end SUCCEEDED.
 * @throws BatchTakenError when a batch that is to end SUCCEEDED is not this run's, or FAILED already.
 */
export async function closeBatch(
  input: CloseBatchInput,
  { table, now }: CloseBatchDeps,
): Promise<CloseBatchOutput> {
  const { batchId, executionArn, redrive, outcome } = input;
  if (outcome === 'SUCCEEDED') refuseEndedRun(input);
  const reason = outcome === 'FAILED' ? caughtReason(input.reason) : undefined;
  const closed = await closeInLedger(
    table,
    { batchId, executionArn, redrive },
    { state: outcome, reason },
    now(),
  );
  if (!closed && outcome === 'SUCCEEDED') {
    throw new BatchTakenError(`batch ${batchId} belongs to another execution, or has FAILED`);
  }
  return { closed };
}
