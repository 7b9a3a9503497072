import { listBatches } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { BatchId } from '../../workflow/model/code.ts';
import { studyGrantPrefix, studyQueuePrefix } from '../../workflow/model/names.ts';
import type { EvaporationDeps, Traces } from '../evaporation/evaporate.ts';
import { findGrants, named } from '../run-grants/run-grants.ts';
import { findInstances } from '../run-instances/find-instances.ts';
import { findQueues } from '../run-queue/run-queue.ts';

/**
 * Finds the batches of a study that have left a trace, and the traces: instances, grants, queues. An
 * item of the ledger that says OPEN counts, too. Running batches are among them.
 */
export async function findTraces(
  deps: EvaporationDeps & { readonly table: LedgerTable },
): Promise<Map<BatchId, Traces>> {
  const { study, ec2, sqs, table } = deps;
  const grantPrefix = studyGrantPrefix(study);
  const queuePrefix = studyQueuePrefix(study);
  const [instances, grants, queues] = await Promise.all([
    findInstances(ec2, { study }),
    findGrants(deps, named(grantPrefix)),
    findQueues(sqs, queuePrefix),
  ]);
  const byBatch = {
    instances: Map.groupBy(instances, ({ batchId }) => batchId),
    grants: Map.groupBy(grants, ({ name }) => name.slice(grantPrefix.length).split('/')[0]),
    queues: Map.groupBy(
      queues,
      (url) => url.split('/').at(-1)?.slice(queuePrefix.length).split('-')[0],
    ),
  };
  const ids = new Set(Object.values(byBatch).flatMap((found) => [...found.keys()]));
  for await (const { batchId, state } of listBatches(table)) {
    if (state === 'OPEN') ids.add(batchId);
  }
  const traces = new Map<BatchId, Traces>();
  for (const id of ids) {
    // What is no batch id (E's workbench has the study's tag too) is none of the sweeper's business.
    const { data: batchId } = BatchId.safeParse(id);
    if (batchId === undefined) continue;
    traces.set(batchId, {
      instances: byBatch.instances.get(batchId) ?? [],
      grants: byBatch.grants.get(batchId) ?? [],
      queues: byBatch.queues.get(batchId) ?? [],
    });
  }
  return traces;
}
