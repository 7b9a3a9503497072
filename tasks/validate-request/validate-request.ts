import type { SFNClient } from '@aws-sdk/client-sfn';
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
import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import { type ListingBucket, readListingHeader } from '../listing/listing.ts';
import { describeRefusal } from './refusal.ts';
import { reserve } from './reserve.ts';

export const ValidateRequestInput = z.strictObject({
  /** The execution's input, as a person typed it. */
  request: z.unknown(),
  executionArn: z.string().min(1),
});
export type ValidateRequestInput = z.infer<typeof ValidateRequestInput>;

export interface ValidateRequestDeps extends ListingBucket {
  readonly sfn: SFNClient;
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
 * A request that is refused changes nothing. One that is accepted reserves the batch for its
 * execution, as the last step, so that of two at once the other is refused here and not by Open
 * Batch. A repeated call of the same execution finds its own reservation.
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
  const batch = await findBatch(parsed.data, executionArn, deps);
  await checkListing(batchId, deps);
  if (!(await reserve(batch, executionArn, deps))) {
    throw new RequestRefusedError(`batch ${batchId} is running in another execution`);
  }

  return {
    batchId,
    pipeline,
    workers,
    tenancy: rest.tenancy ?? deps.defaults.tenancy,
    instanceType: rest.instanceType ?? deps.defaults.instanceType,
    maxSeconds: (maxMinutes ?? defaultMaxMinutes) * 60,
    tolerateFailedObjects: rest.tolerateFailedObjects ?? 0,
    retry: rest.retry ?? false,
  };
}

async function findBatch(
  request: BatchRequest,
  executionArn: string,
  { table }: ValidateRequestDeps,
): Promise<BatchItem> {
  const { batchId } = request;
  const batch = await getBatch(table, batchId);
  if (batch === undefined) {
    throw new RequestRefusedError(`batch ${batchId} is unknown: nothing was uploaded to it`);
  }
  const why = whyNot(batch, request, executionArn);
  if (why !== undefined) throw new RequestRefusedError(`batch ${batchId} ${why}`);
  return batch;
}

/** Tells why a batch cannot run as it is asked for; undefined where it can. */
function whyNot(
  batch: BatchItem,
  { pipeline, retry = false }: BatchRequest,
  executionArn: string,
): string | undefined {
  switch (batch.state) {
    case 'UPLOADING':
      return 'is not sealed: its upload has not ended';
    case 'SEALED':
      return retry ? 'has not run yet: start it without retry' : undefined;
    case 'OPEN':
      return batch.executionArn === executionArn ? undefined : 'is running in another execution';
    case 'SUCCEEDED':
      return 'has run already and ended SUCCEEDED';
    case 'FAILED':
      if (!retry) {
        return 'has run already and ended FAILED; to process what is not done, start it with "retry": true (czar retry does)';
      }
      // One that this deployment had when the batch first ran, and so no name that somebody typed.
      return batch.pipeline === pipeline
        ? undefined
        : `was run with the pipeline ${batch.pipeline ?? ''}, and can be retried with no other`;
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
