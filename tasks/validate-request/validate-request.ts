import * as z from 'zod';
import { getBatch } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import type { BatchPlan } from '../../workflow/model/batch-plan.ts';
import {
  BatchRequest,
  defaultMaxMinutes,
  type Tenancy,
} from '../../workflow/model/batch-request.ts';
import { ManifestMismatchError, RequestRefusedError } from '../../workflow/model/errors.ts';
import { type ListingBucket, readListingHeader } from '../listing/listing.ts';
import { describeRefusal } from './refusal.ts';

export const ValidateRequestInput = z.strictObject({
  /** The execution's input, as a person typed it. */
  request: z.unknown(),
  executionArn: z.string().min(1),
});
export type ValidateRequestInput = z.infer<typeof ValidateRequestInput>;

export interface ValidateRequestDeps extends ListingBucket {
  readonly table: LedgerTable;
  readonly study: string;
  /** Names of the pipelines that the deployment's workers have. */
  readonly pipelines: readonly string[];
  readonly mostWorkers: number;
  readonly defaults: { readonly tenancy: Tenancy; readonly instanceType: string };
}

/**
 * Holds a request against its form, the deployment and the batch, and fills in what it leaves out.
 *
 * It changes nothing, so it can be repeated. Two executions may both pass: Open Batch decides.
 *
 * @throws RequestRefusedError with one plain sentence that repeats nothing that was typed.
 */
export async function validateRequest(
  { request, executionArn }: ValidateRequestInput,
  deps: ValidateRequestDeps,
): Promise<BatchPlan> {
  const parsed = BatchRequest.safeParse(request);
  if (!parsed.success) throw new RequestRefusedError(describeRefusal(parsed.error));
  const { batchId, pipeline, workers = deps.mostWorkers, maxMinutes, ...rest } = parsed.data;

  if (!deps.pipelines.includes(pipeline)) {
    throw new RequestRefusedError(`pipeline must be one of ${deps.pipelines.join(', ')}`);
  }
  if (workers > deps.mostWorkers) {
    throw new RequestRefusedError(`workers must be at most ${deps.mostWorkers}, got ${workers}`);
  }
  await checkBatch(batchId, executionArn, deps);
  await checkListing(batchId, deps);

  return {
    batchId,
    pipeline,
    workers,
    tenancy: rest.tenancy ?? deps.defaults.tenancy,
    instanceType: rest.instanceType ?? deps.defaults.instanceType,
    maxSeconds: (maxMinutes ?? defaultMaxMinutes) * 60,
    tolerateFailedObjects: rest.tolerateFailedObjects ?? 0,
  };
}

async function checkBatch(
  batchId: string,
  executionArn: string,
  { table }: ValidateRequestDeps,
): Promise<void> {
  const batch = await getBatch(table, batchId);
  if (batch === undefined) {
    throw new RequestRefusedError(`batch ${batchId} is unknown: nothing was uploaded to it`);
  }
  if (batch.state === 'UPLOADING') {
    throw new RequestRefusedError(`batch ${batchId} is not sealed: its upload has not ended`);
  }
  if (batch.state === 'OPEN' && batch.executionArn !== executionArn) {
    throw new RequestRefusedError(`batch ${batchId} is running in another execution`);
  }
  if (batch.state === 'SUCCEEDED' || batch.state === 'FAILED') {
    throw new RequestRefusedError(`batch ${batchId} has run already and ended ${batch.state}`);
  }
}

async function checkListing(batchId: string, deps: ValidateRequestDeps): Promise<void> {
  const { objects } = await readListingHeader({ study: deps.study, batchId }, deps).catch(
    (error: unknown) => {
      if (!(error instanceof ManifestMismatchError)) throw error;
      throw new RequestRefusedError(`batch ${batchId} cannot run: ${error.message}`, {
        cause: error,
      });
    },
  );
  if (objects === 0) throw new RequestRefusedError(`batch ${batchId} has no objects`);
}
