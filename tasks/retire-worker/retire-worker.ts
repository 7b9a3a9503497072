import type { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { WorkerSlot } from '../../workflow/model/batch-plan.ts';
import { grantName } from '../../workflow/model/names.ts';
import { type GrantedKey, revokeGrants } from '../run-grants/run-grants.ts';
import { terminateInstances } from '../run-instances/terminate-instances.ts';

export const RetireWorkerInput = WorkerSlot;
export type RetireWorkerInput = WorkerSlot;

export const RetireWorkerOutput = z.strictObject({
  instances: z.int().min(0),
  grants: z.int().min(0),
});
export type RetireWorkerOutput = z.infer<typeof RetireWorkerOutput>;

export interface RetireWorkerDeps extends GrantedKey {
  readonly ec2: EC2Client;
  readonly study: string;
}

/**
 * Takes one worker's key away and terminates it; the batch's others do not notice.
 *
 * Objects that it had begun come back to the queue by themselves. A repeated call finds nothing.
 */
export async function retireWorker(
  slot: RetireWorkerInput,
  { ec2, study, ...key }: RetireWorkerDeps,
): Promise<RetireWorkerOutput> {
  const name = grantName({ study, ...slot }, slot.workerIndex, slot.attempt);
  const grants = await revokeGrants(key, (found) => found === name);
  const instances = await terminateInstances(ec2, { study, ...slot });
  return { instances, grants };
}
