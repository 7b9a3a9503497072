import * as z from 'zod';
import { BatchPlan } from '../workflow/model/batch-plan.ts';
import type { Visit } from './history/visit.ts';

const count = z.int().min(0);

/**
 * What evidence takes from the answers of tasks: fields that are not named here stay behind, a grant's
 * token among them. Tests hold these against the tasks' own schemas.
 */
export const answers = {
  plan: BatchPlan,
  launched: z.object({ instanceId: z.string() }),
  granted: z.object({ grantId: z.string() }),
  ended: z.object({ instances: count, grants: count, queues: count.optional() }),
  proof: z.object({
    instances: count,
    volumes: count,
    interfaces: count,
    snapshots: count,
    grants: count,
    queues: count,
    checkedAt: z.string(),
  }),
} as const;

/** The answer of a state that was left well, by a schema; undefined where it gave no such answer. */
export function answerOf<Schema extends z.ZodType>(
  visit: Visit,
  schema: Schema,
): z.output<Schema> | undefined {
  if (visit.outcome !== 'succeeded' || visit.output === undefined) return undefined;
  return schema.safeParse(JSON.parse(visit.output)).data;
}
