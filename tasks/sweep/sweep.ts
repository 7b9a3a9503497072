import * as z from 'zod';
import { BatchId } from '../../workflow/model/code.ts';
import { findTraces } from './find-traces.ts';
import { sweepBatch, type SweepDeps, sweepRun, Swept } from './sweep-batch.ts';
import type { SweepEvent } from './sweep-event.ts';

const count = z.int().min(0);

export const SweepOutput = z.strictObject({
  /** Batches that were swept; a running one only of what other runs of it have left. */
  batches: count,
  ...Swept.shape,
});
export type SweepOutput = z.infer<typeof SweepOutput>;

/**
 * Ends what outlived its execution: after one ended badly, and once an hour whatever happened.
 *
 * An aborted or timed-out execution runs no Catch, so this is the only thing that cleans up behind
 * it. Safe beside running batches, and safe to repeat, by {@link sweepRun} and {@link sweepBatch}. One batch that cannot
 * be swept does not keep the others from it; its error is thrown at the end.
 */
export async function sweep(event: SweepEvent, deps: SweepDeps): Promise<SweepOutput> {
  if (event['detail-type'] === 'Step Functions Execution Status Change') {
    const { executionArn, input, status, error, redriveCount } = event.detail;
    const { data: batchId } = BatchId.safeParse(readBatchId(input ?? ''));
    if (batchId === undefined) return total([]);
    const ending = { status, error: error ?? undefined };
    const swept = await sweepRun(
      { batchId, executionArn, redrive: redriveCount ?? 0 },
      ending,
      deps,
    );
    return total(swept === undefined ? [] : [swept]);
  }
  return sweepAll(deps);
}

async function sweepAll(deps: SweepDeps): Promise<SweepOutput> {
  const swept: Swept[] = [];
  const failures: unknown[] = [];
  for (const [batchId, traces] of await findTraces(deps)) {
    try {
      const one = await sweepBatch(batchId, traces, deps);
      if (one !== undefined) swept.push(one);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return total(swept);
}

function total(swept: readonly Swept[]): SweepOutput {
  const sum = (key: keyof Swept): number => swept.reduce((total, one) => total + one[key], 0);
  return {
    batches: swept.length,
    instances: sum('instances'),
    grants: sum('grants'),
    queues: sum('queues'),
    volumes: sum('volumes'),
    interfaces: sum('interfaces'),
    outlived: sum('outlived'),
    closed: sum('closed'),
    mails: sum('mails'),
  };
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
