import { type EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { findInstances, type FoundInstance } from './find-instances.ts';
import type { RunScope } from './run-scope.ts';

/**
 * Terminates every instance of a scope. Answers how many it found alive.
 *
 * Terminating again one that is shutting down changes nothing.
 */
export async function terminateInstances(ec2: EC2Client, scope: RunScope): Promise<number> {
  return terminateFound(ec2, await findInstances(ec2, scope));
}

/** Terminates instances that were found. Answers how many. */
export async function terminateFound(
  ec2: EC2Client,
  found: readonly FoundInstance[],
): Promise<number> {
  // TerminateInstances takes 1000 ids; a run has at most 40 workers with 3 attempts each, 120.
  for (let from = 0; from < found.length; from += 500) {
    const ids = found.slice(from, from + 500).map(({ instanceId }) => instanceId);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
  }
  return found.length;
}
