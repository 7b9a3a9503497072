import { batchQueuePrefix, executionHash, grantNamePrefix } from '../../workflow/model/names.ts';
import { executionName } from '../../workflow/model/tags.ts';
import { queueNameIn } from '../run-queue/run-queue.ts';
import type { BatchTraces } from './find-traces.ts';

/** Takes from a batch's traces those of other executions than the one named. */
export function ofOtherExecutions(
  { instances, grants, queues, orphans }: BatchTraces,
  run: { readonly study: string; readonly batchId: string; readonly executionArn: string },
): BatchTraces {
  const name = executionName(run.executionArn);
  const ownGrants = grantNamePrefix(run);
  const ownQueue = batchQueuePrefix(run) + executionHash(run.executionArn);
  return {
    instances: instances.filter(({ execution }) => execution !== name),
    grants: grants.filter((grant) => !grant.name.startsWith(ownGrants)),
    queues: queues.filter((url) => !queueNameIn(url).startsWith(ownQueue)),
    orphans: orphans.filter(({ execution }) => execution !== name),
  };
}
