import * as z from 'zod';
import { getBatch } from '../../ledger/batches.ts';
import { BatchId } from '../../workflow/model/code.ts';
import { Ended } from '../evaporation/evaporate.ts';
import { findTraces } from './find-traces.ts';
import { type Ending, sweepBatch, type SweepDeps, type Swept } from './sweep-batch.ts';
import type { ExecutionEndedEvent, SweepEvent } from './sweep-event.ts';

const count = z.int().min(0);

export const SweepOutput = z.strictObject({
  /** Batches that were swept; running ones are not. */
  batches: count,
  ...Ended.shape,
  /** Batches whose outcome was written. */
  closed: count,
  mails: count,
});
export type SweepOutput = z.infer<typeof SweepOutput>;

/**
 * Ends what outlived its execution: after one ended badly, and once an hour whatever happened.
 *
 * An aborted or timed-out execution runs no Catch, so this is the only thing that cleans up behind
 * it. Safe beside running batches, and safe to repeat, by {@link sweepBatch}. One batch that cannot
 * be swept does not keep the others from it; its error is thrown at the end.
 */
export async function sweep(event: SweepEvent, deps: SweepDeps): Promise<SweepOutput> {
  if (event['detail-type'] === 'Step Functions Execution Status Change') {
    return sweepAll(await findBatch(event.detail, deps), deps, endingOf(event.detail));
  }
  return sweepAll(await findTraces(deps), deps);
}

async function sweepAll(
  batchIds: readonly string[],
  deps: SweepDeps,
  ending?: Ending,
): Promise<SweepOutput> {
  const swept: Swept[] = [];
  const failures: unknown[] = [];
  for (const batchId of batchIds) {
    try {
      const one = await sweepBatch(batchId, deps, ending);
      if (one !== undefined) swept.push(one);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  const sum = (key: keyof Swept) => swept.reduce((total, one) => total + one[key], 0);
  return {
    batches: swept.length,
    instances: sum('instances'),
    grants: sum('grants'),
    queues: sum('queues'),
    closed: sum('closed'),
    mails: sum('mails'),
  };
}

/** The batch of an execution, if it had opened one: an execution that was refused has none. */
async function findBatch(
  { executionArn, input }: ExecutionEndedEvent['detail'],
  { table }: SweepDeps,
): Promise<string[]> {
  const { data: batchId } = BatchId.safeParse(readBatchId(input ?? ''));
  if (batchId === undefined) return [];
  const batch = await getBatch(table, batchId);
  return batch?.executionArn === executionArn ? [batchId] : [];
}

function readBatchId(input: string): unknown {
  try {
    const request: unknown = JSON.parse(input);
    if (typeof request !== 'object' || request === null) return undefined;
    return 'batchId' in request ? request.batchId : undefined;
  } catch {
    return undefined;
  }
}

function endingOf({ status, error }: ExecutionEndedEvent['detail']): Ending {
  return { status, error: error ?? undefined };
}
