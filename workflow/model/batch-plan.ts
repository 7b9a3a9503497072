import * as z from 'zod';
import { BatchId } from './code.ts';
import { PipelineName, Tenancy } from './batch-request.ts';

/**
 * The machine's one payload: the request with its defaults filled in, as `Validate Request`
 * answers it. Each task takes a slice.
 */
export const BatchPlan = z.strictObject({
  batchId: BatchId,
  pipeline: PipelineName,
  workers: z.int().min(1),
  tenancy: Tenancy,
  instanceType: z.string(),
  maxSeconds: z.int().min(300),
  tolerateFailedObjects: z.int().min(0),
  /** Whether it goes on with a batch that FAILED. */
  retry: z.boolean(),
});
export type BatchPlan = z.infer<typeof BatchPlan>;

/**
 * Who runs: every task that creates, finds or ends something names batch, execution and redrive.
 *
 * A redrive keeps the execution's ARN, and opens the batch for another run.
 */
export const Run = z.strictObject({
  batchId: BatchId,
  executionArn: z.string().min(1),
  /** How often the execution had been redriven when it opened the batch. */
  redrive: z.int().min(0),
});
export type Run = z.infer<typeof Run>;

const live = {
  /** Whether the execution was redriven since: the run is over then, and nothing may go on in it. */
  redriven: z.boolean(),
};

/** The run of a task that must not act in one that is over. */
export const LiveRun = z.strictObject({ ...Run.shape, ...live });
export type LiveRun = z.infer<typeof LiveRun>;

/** One worker of a run. `attempt` counts its replacements from 1. */
export const WorkerSlot = z.strictObject({
  ...Run.shape,
  workerIndex: z.int().min(0),
  attempt: z.int().min(1),
});
export type WorkerSlot = z.infer<typeof WorkerSlot>;

/** The worker of a task that must not act in a run that is over. */
export const LiveSlot = z.strictObject({ ...WorkerSlot.shape, ...live });

/** A live worker that holds the key, as an iteration of the Map answers it. */
export const LiveWorker = z.strictObject({
  workerIndex: z.int().min(0),
  instanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/),
  /** Lets the worker use its grant before KMS has spread it; worth nothing to anybody else. */
  grantToken: z.string().min(1),
});
export type LiveWorker = z.infer<typeof LiveWorker>;
