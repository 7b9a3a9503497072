import * as z from 'zod';
import { BatchId } from '../../workflow/model/code.ts';
import { askForEvidence, askForMissingEvidence, type EvidenceDeps } from './ask-for-evidence.ts';
import { findTraces } from './find-traces.ts';
import { sweepBatch, type SweepDeps, sweepRun, Swept } from './sweep-batch.ts';
import type { ExecutionEndedEvent, SweepEvent } from './sweep-event.ts';

const count = z.int().min(0);

export const SweepOutput = z.strictObject({
  /** Batches that were swept; a running one only of what other runs of it have left. */
  batches: count,
  ...Swept.shape,
  /** Runs whose evidence was asked for. */
  evidence: count,
});
export type SweepOutput = z.infer<typeof SweepOutput>;

/**
 * Ends what outlived its execution: after one ended badly, and once an hour whatever happened. Then
 * asks for the evidence of the run, or of all that have ended and have none.
 *
 * An aborted or timed-out execution runs no Catch, so this is the only thing that cleans up behind
 * it. One that SUCCEEDED has proved by itself that nothing is left: behind it nothing is looked for,
 * written or mailed. Safe beside running batches, and safe to repeat, by {@link sweepRun},
 * {@link sweepBatch} and {@link askForEvidence}. One batch that cannot be swept does not keep the
 * others from it; its error is thrown at the end.
 *
 * Evidence is written once, and so asked for when all else is done: a sweep that fails is repeated
 * by Lambda, and the hourly one asks for what was never written.
 */
export async function sweep(
  event: SweepEvent,
  deps: SweepDeps & EvidenceDeps,
): Promise<SweepOutput> {
  if (event['detail-type'] === 'Step Functions Execution Status Change') {
    const { executionArn, redriveCount } = event.detail;
    const swept = await sweepEnded(event.detail, deps);
    await askForEvidence({ executionArn, redrive: redriveCount ?? 0 }, deps);
    return { ...total(swept === undefined ? [] : [swept]), evidence: 1 };
  }
  return sweepAll(deps);
}

async function sweepEnded(
  { executionArn, input, status, error, redriveCount }: ExecutionEndedEvent['detail'],
  deps: SweepDeps,
): Promise<Swept | undefined> {
  if (status === 'SUCCEEDED') return undefined;
  const { data: batchId } = BatchId.safeParse(readBatchId(input ?? ''));
  if (batchId === undefined) return undefined;
  const run = { batchId, executionArn, redrive: redriveCount ?? 0 };
  return sweepRun(run, { status, error: error ?? undefined }, deps);
}

async function sweepAll(deps: SweepDeps & EvidenceDeps): Promise<SweepOutput> {
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
  const evidence = await askForMissingEvidence(deps);
  if (failures.length > 0) throw failures[0];
  return { ...total(swept), evidence };
}

function total(swept: readonly Swept[]): Omit<SweepOutput, 'evidence'> {
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
