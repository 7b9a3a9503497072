import * as z from 'zod';
import { type Opening, openBatch as openInLedger, reopenBatch } from '../../ledger/batches.ts';
import { BatchPlan, Run } from '../../workflow/model/batch-plan.ts';
import { BatchTakenError } from '../../workflow/model/errors.ts';
import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import { type ListingBucket, readListing } from '../listing/listing.ts';
import { createQueue, type QueueDeps } from './create-queue.ts';
import { type EnterDeps, enterObjects } from './enter-objects.ts';

export const OpenBatchInput = z.strictObject({
  ...Run.shape,
  ...BatchPlan.pick({ pipeline: true, retry: true }).shape,
});
export type OpenBatchInput = z.infer<typeof OpenBatchInput>;

export const OpenBatchOutput = z.strictObject({
  /** Objects in the listing. */
  objects: z.int().min(0),
  queueUrl: z.url(),
  /** Objects that arrived and are not in the listing. They end FAILED. */
  notListed: z.int().min(0),
});
export type OpenBatchOutput = z.infer<typeof OpenBatchOutput>;

export type OpenBatchDeps = ListingBucket & QueueDeps & EnterDeps;

/**
 * How long one call enters objects: Lambda's 15 minutes, less one to end in.
 *
 * A batch's items share one partition key and are written in the order of their ids, which one
 * DynamoDB partition takes at 1,000 a second: 14 x 60 x 1,000 = 840,000 objects a call. A batch of a
 * million takes two calls, one of ten million twelve, which is how often the machine repeats it.
 */
export const secondsToEnter = 840;

/**
 * Freezes a batch: the listing is checked as a whole, one conditional write makes the batch this
 * run's, then its objects are held against the ledger and go into its queue.
 *
 * A retry takes a batch that FAILED, and enters what may still become DONE; so does a redrive of the
 * execution that the batch failed in. Where the batch failed
 * after its result was stored nothing may: that result is not made again, so its objects stand.
 *
 * Nothing is changed before that one write. A repeated call ends in the same state: the write holds
 * again, the queue is the same, and objects entered already are passed over.
 *
 * @throws ManifestMismatchError when the listing is missing, broken, or of another batch.
 * @throws BatchTakenError when another run has the batch.
 * @throws StillOpeningError when the call has to be repeated to enter the rest.
 */
export async function openBatch(
  { pipeline, retry, ...run }: OpenBatchInput,
  deps: OpenBatchDeps,
): Promise<OpenBatchOutput> {
  const until = new Date(deps.now().getTime() + secondsToEnter * 1000);
  const { batchId } = run;
  const place = { study: deps.study, batchId };
  const objects = await countEntries(readListing(place, deps));

  const batch = await open({ ...run, pipeline, objects }, retry, deps);
  if (batch === undefined) {
    throw new BatchTakenError(`batch ${batchId} is run by another execution, or was run already`);
  }
  const queueUrl = await createQueue(run, deps);
  const notListed = await enterObjects(
    {
      batchId,
      queueUrl,
      run: batch.runs ?? 1,
      isSettled: batch.result !== undefined,
      until,
    },
    readListing(place, deps),
    deps,
  );
  return { objects, queueUrl, notListed };
}

/** A redrive finds the batch FAILED, OPEN still, or never opened by the attempts before. */
async function open(
  opening: Opening,
  retry: boolean,
  { table, now }: EnterDeps,
): Promise<BatchItem | undefined> {
  const opened = retry ? undefined : await openInLedger(table, opening, now());
  if (opened !== undefined || (!retry && opening.redrive === 0)) return opened;
  return reopenBatch(table, opening, { ofAnother: retry }, now());
}

/** Reads a listing to its end, which checks every line of it. A million lines take some seconds. */
async function countEntries(entries: AsyncGenerator): Promise<number> {
  let count = 0;
  while ((await entries.next()).done !== true) count += 1;
  return count;
}
