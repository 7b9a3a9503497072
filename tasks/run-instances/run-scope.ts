import type { Filter, Tag } from '@aws-sdk/client-ec2';
import type { Run, WorkerSlot } from '../../workflow/model/batch-plan.ts';
import { executionName, tagKeys } from '../../workflow/model/tags.ts';

/**
 * What to look for by tag: everything of a study, of one of its batches, of one execution, of one
 * run of it, or of one worker of a run.
 */
export interface RunScope {
  readonly study: string;
  readonly batchId?: string;
  readonly executionArn?: string;
  readonly redrive?: number;
  readonly workerIndex?: number;
  readonly attempt?: number;
}

/** Filters of EC2's Describe calls that find what is in a scope. */
export function filtersOf(scope: RunScope): Filter[] {
  return Object.entries(tagsOf(scope)).map(([key, value]) => ({
    Name: `tag:${key}`,
    Values: [value],
  }));
}

/** Tags that put a worker's instance, volumes and interface in reach of {@link filtersOf}. */
export function workerTags(study: string, slot: WorkerSlot): Tag[] {
  const name = { Key: 'Name', Value: `${study}-worker-${slot.workerIndex}` };
  const tags = Object.entries(tagsOf({ study, ...slot }));
  return [name, ...tags.map(([Key, Value]) => ({ Key, Value }))];
}

/** Tags of a run's queue. */
export function runTags(study: string, run: Run): Record<string, string> {
  return tagsOf({ study, ...run });
}

function tagsOf(scope: RunScope): Record<string, string> {
  const { study, batchId, executionArn, redrive, workerIndex, attempt } = scope;
  return {
    [tagKeys.study]: study,
    ...(batchId !== undefined && { [tagKeys.batch]: batchId }),
    ...(executionArn !== undefined && { [tagKeys.execution]: executionName(executionArn) }),
    ...(redrive !== undefined && { [tagKeys.redrive]: String(redrive) }),
    ...(workerIndex !== undefined && { [tagKeys.worker]: String(workerIndex) }),
    ...(attempt !== undefined && { [tagKeys.attempt]: String(attempt) }),
  };
}
