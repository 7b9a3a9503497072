import { listBatches } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { BatchId } from '../../workflow/model/code.ts';
import { studyGrantPrefix, studyQueuePrefix } from '../../workflow/model/names.ts';
import type { EvaporationDeps, Traces } from '../evaporation/evaporate.ts';
import { findGrants, named } from '../run-grants/run-grants.ts';
import { findInstances } from '../run-instances/find-instances.ts';
import { findOrphans, type Orphan } from '../run-orphans/run-orphans.ts';
import { findQueues, queueNameIn } from '../run-queue/run-queue.ts';

/** What was found of a batch, of whichever of its runs. */
export interface BatchTraces extends Traces {
  readonly orphans: readonly Orphan[];
}

/**
 * Finds the batches of a study that have left a trace, and the traces: instances, grants, queues,
 * and volumes and interfaces without an instance. An item of the ledger that says OPEN counts, too.
 * Running batches are among them.
 */
export async function findTraces(
  deps: EvaporationDeps & { readonly table: LedgerTable },
): Promise<Map<BatchId, BatchTraces>> {
  const { study, ec2, sqs, table } = deps;
  const grantPrefix = studyGrantPrefix(study);
  const queuePrefix = studyQueuePrefix(study);
  const [instances, grants, queues, orphans] = await Promise.all([
    findInstances(ec2, { study }),
    findGrants(deps, named(grantPrefix)),
    findQueues(sqs, queuePrefix),
    findOrphans(ec2, { study }),
  ]);
  const byBatch = {
    instances: Map.groupBy(instances, ({ batchId }) => batchId),
    grants: Map.groupBy(grants, ({ name }) => name.slice(grantPrefix.length).split('/')[0]),
    queues: Map.groupBy(queues, (url) => queueNameIn(url).slice(queuePrefix.length).split('-')[0]),
    orphans: Map.groupBy(orphans, ({ batchId }) => batchId),
  };
  const ids = new Set(Object.values(byBatch).flatMap((found) => [...found.keys()]));
  for await (const { batchId, state } of listBatches(table)) {
    if (state === 'OPEN') ids.add(batchId);
  }
  const traces = new Map<BatchId, BatchTraces>();
  for (const id of ids) {
    // What is no batch id (E's workbench has the study's tag too) is none of the sweeper's business.
    const { data: batchId } = BatchId.safeParse(id);
    if (batchId === undefined) continue;
    traces.set(batchId, {
      instances: byBatch.instances.get(batchId) ?? [],
      grants: byBatch.grants.get(batchId) ?? [],
      queues: byBatch.queues.get(batchId) ?? [],
      orphans: byBatch.orphans.get(batchId) ?? [],
    });
  }
  return traces;
}
