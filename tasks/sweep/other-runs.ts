import { grantNamePrefix, queueName } from '../../workflow/model/names.ts';
import { executionName } from '../../workflow/model/tags.ts';
import { queueNameIn } from '../run-queue/run-queue.ts';
import type { BatchTraces } from './find-traces.ts';

/**
 * Takes from a batch's traces those of other runs than the one named.
 *
 * By the same names and tags by which a run's own are found, so that neither side counts what is
 * the other's.
 */
export function ofOtherRuns(
  { instances, grants, queues, orphans }: BatchTraces,
  run: { readonly study: string; readonly batchId: string; readonly executionArn: string },
): BatchTraces {
  const name = executionName(run.executionArn);
  const ownPrefix = grantNamePrefix(run);
  const ownQueue = queueName(run);
  return {
    instances: instances.filter(({ execution }) => execution !== name),
    grants: grants.filter((grant) => !grant.name.startsWith(ownPrefix)),
    queues: queues.filter((url) => queueNameIn(url) !== ownQueue),
    orphans: orphans.filter(({ execution }) => execution !== name),
  };
}
