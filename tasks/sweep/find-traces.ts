import { listBatches } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { BatchId } from '../../workflow/model/code.ts';
import { studyGrantPrefix, studyQueuePrefix } from '../../workflow/model/names.ts';
import type { EvaporationDeps } from '../evaporation/evaporate.ts';
import { findGrants, named } from '../run-grants/run-grants.ts';
import { findInstances } from '../run-instances/find-instances.ts';
import { findQueues } from '../run-queue/run-queue.ts';

/**
 * Finds the batches of a study that have left a trace: an instance, a grant, a queue, or an item of
 * the ledger that says OPEN. Running batches are among them.
 */
export async function findTraces(
  deps: EvaporationDeps & { readonly table: LedgerTable },
): Promise<string[]> {
  const { study, ec2, sqs, table } = deps;
  const grantPrefix = studyGrantPrefix(study);
  const queuePrefix = studyQueuePrefix(study);
  const [instances, grants, queues] = await Promise.all([
    findInstances(ec2, { study }),
    findGrants(deps, named(grantPrefix)),
    findQueues(sqs, queuePrefix),
  ]);
  const found = [
    ...instances.map(({ batchId }) => batchId),
    ...grants.map(({ name }) => name.slice(grantPrefix.length).split('/')[0]),
    ...queues.map((url) => url.split('/').at(-1)?.slice(queuePrefix.length).split('-')[0]),
  ];
  for await (const { batchId, state } of listBatches(table)) {
    if (state === 'OPEN') found.push(batchId);
  }
  // What is no batch id (E's workbench has the study's tag too) is none of the sweeper's business.
  return [...new Set(found.flatMap((id) => BatchId.safeParse(id).data ?? []))];
}
