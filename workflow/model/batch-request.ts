import * as z from 'zod';
import { BatchId } from './code.ts';

export const Tenancy = z.enum(['dedicated', 'default']);
export type Tenancy = z.infer<typeof Tenancy>;

/** A pipeline's name, as its folder under `pipelines/`. */
export const PipelineName = z.string().regex(/^[a-z][a-z0-9-]{2,39}$/, {
  error: 'pipeline must be 3 to 40 lower-case letters, digits or dashes',
});

/**
 * The execution's input: what a person types in the console, or `czar start` sends.
 *
 * Unknown fields are refused. `ticket` is a tracker's key and nothing more, so that no name finds
 * its way into an execution's history.
 */
export const BatchRequest = z.strictObject({
  batchId: BatchId,
  pipeline: PipelineName,
  /** Workers to launch. Default and limit: the deployment's `workers`. */
  workers: z.int().min(1).optional(),
  /** Default: the deployment's `tenancy`. */
  tenancy: Tenancy.optional(),
  /** Default: the launch template's. */
  instanceType: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,15}\.[a-z0-9-]{3,12}$/, {
      error: 'instanceType must look like m7i.large',
    })
    .optional(),
  /** Longest time one worker may process, and the consolidation may take. Default: 240. */
  maxMinutes: z.int().min(5).max(1440).optional(),
  /** How many objects may end FAILED while the batch still succeeds. Default: 0. */
  tolerateFailedObjects: z.int().min(0).optional(),
  /** Goes on with a batch that FAILED, and with no other; so nobody does by mistake. Default: false. */
  retry: z.boolean().optional(),
  ticket: z
    .string()
    .regex(/^[A-Z]{2,10}-[0-9]{1,6}$/, { error: 'ticket must look like ABC-123' })
    .optional(),
});
export type BatchRequest = z.infer<typeof BatchRequest>;

export const defaultMaxMinutes = 240;

/** Most workers an inline Map runs at once: its limit is 40 concurrent iterations. */
export const mostWorkers = 40;
