import * as z from 'zod';
import { Run } from '../../workflow/model/batch-plan.ts';
import { RemnantsError, StillEvaporatingError } from '../../workflow/model/errors.ts';
import { grantNamePrefix, queueName, runsUpTo } from '../../workflow/model/names.ts';
import type { EvaporationDeps } from '../evaporation/evaporate.ts';
import { findGrants, named } from '../run-grants/run-grants.ts';
import { findQueue } from '../run-queue/run-queue.ts';
import { findRemains } from './find-remains.ts';

export const ProveEvaporatedInput = Run;
export type ProveEvaporatedInput = Run;

const none = z.literal(0);

/** The proof: what was looked for, that none was found, and when. */
export const EvaporationProof = z.strictObject({
  instances: none,
  volumes: none,
  interfaces: none,
  snapshots: none,
  grants: none,
  queues: none,
  checkedAt: z.iso.datetime(),
});
export type EvaporationProof = z.infer<typeof EvaporationProof>;

export interface ProveEvaporatedDeps extends EvaporationDeps {
  readonly now: () => Date;
}

/**
 * Looks for everything that could be left of a run, and of those that its execution had before it
 * was redriven, and answers that nothing is.
 *
 * It only reads, so it can be repeated. Grants and the queue count as still evaporating: KMS lists a
 * revoked grant for up to five minutes, SQS a deleted queue for one.
 *
 * @throws StillEvaporatingError when all that is left is on its way out.
 * @throws RemnantsError when something is left that nothing ends.
 */
export async function proveEvaporated(
  run: ProveEvaporatedInput,
  deps: ProveEvaporatedDeps,
): Promise<EvaporationProof> {
  const { ec2, sqs, study, now } = deps;
  const { redrive, ...execution } = { study, ...run };
  const [remains, grants, queues] = await Promise.all([
    findRemains(ec2, execution),
    findGrants(deps, named(grantNamePrefix(execution))),
    Promise.all(runsUpTo({ ...execution, redrive }).map((each) => findQueue(sqs, queueName(each)))),
  ]);
  const staying = remains.filter((found) => found.staying > 0);
  if (staying.length > 0) {
    const told = staying.map((found) => `${found.staying} ${found.kind}`);
    throw new RemnantsError(`of batch ${run.batchId} there are left: ${told.join(', ')}`);
  }
  const ending = [
    ...remains.map((found) => ({ kind: found.kind, count: found.ending })),
    { kind: 'grants', count: grants.length },
    { kind: 'queues', count: queues.filter((url) => url !== undefined).length },
  ].filter(({ count }) => count > 0);
  if (ending.length > 0) {
    const told = ending.map(({ kind, count }) => `${count} ${kind}`);
    throw new StillEvaporatingError(`of batch ${run.batchId} still end: ${told.join(', ')}`);
  }
  return {
    instances: 0,
    volumes: 0,
    interfaces: 0,
    snapshots: 0,
    grants: 0,
    queues: 0,
    checkedAt: now().toISOString(),
  };
}
