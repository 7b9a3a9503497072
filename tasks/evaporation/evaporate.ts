import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { Run } from '../../workflow/model/batch-plan.ts';
import { queueName, runGrantPrefix, runsUpTo } from '../../workflow/model/names.ts';
import {
  type GrantedKey,
  revokeFound,
  revokeGrants,
  type RunGrant,
} from '../run-grants/run-grants.ts';
import type { FoundInstance } from '../run-instances/find-instances.ts';
import { terminateFound, terminateInstances } from '../run-instances/terminate-instances.ts';
import { deleteQueue, findQueue } from '../run-queue/run-queue.ts';

/** Where a run's traces are found and ended. */
export interface EvaporationDeps extends GrantedKey {
  readonly ec2: EC2Client;
  readonly sqs: SQSClient;
  readonly study: string;
}

/** How much was found and ended. */
export const Ended = z.strictObject({
  instances: z.int().min(0),
  grants: z.int().min(0),
  queues: z.int().min(0),
});
export type Ended = z.infer<typeof Ended>;

/**
 * Takes the key away, terminates the instances and deletes the queue: all three are tried, even
 * where one of them fails, and the first failure is thrown after that.
 *
 * What the runs before have left that the execution had until it was redriven is ended, too; nothing
 * of a later one. A repeated call finds less, or nothing.
 */
export function evaporate(run: Run, deps: EvaporationDeps): Promise<Ended> {
  const { ec2, sqs, study } = deps;
  const runs = runsUpTo({ study, ...run });
  const prefixes = runs.map(runGrantPrefix);
  return allEnded(
    revokeGrants(deps, (name) => prefixes.some((prefix) => name.startsWith(prefix))),
    sum(runs.map((each) => terminateInstances(ec2, each))),
    sum(runs.map((each) => deleteNamed(sqs, queueName(each)))),
  );
}

async function sum(counts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

async function deleteNamed(sqs: SQSClient, name: string): Promise<number> {
  const url = await findQueue(sqs, name);
  return deleteQueues(sqs, url === undefined ? [] : [url]);
}

/** What was found of a run or a batch. */
export interface Traces {
  readonly instances: readonly FoundInstance[];
  readonly grants: readonly RunGrant[];
  /** URLs. */
  readonly queues: readonly string[];
}

/** Ends what was found, and nothing that came after it was looked for; else as {@link evaporate}. */
export function endTraces(
  { instances, grants, queues }: Traces,
  deps: EvaporationDeps,
): Promise<Ended> {
  return allEnded(
    revokeFound(deps, grants),
    terminateFound(deps.ec2, instances),
    deleteQueues(deps.sqs, queues),
  );
}

async function allEnded(...ends: Promise<number>[]): Promise<Ended> {
  const [grants, instances, queues] = await Promise.allSettled(ends);
  return { grants: settled(grants), instances: settled(instances), queues: settled(queues) };
}

async function deleteQueues(sqs: SQSClient, urls: readonly string[]): Promise<number> {
  for (const url of urls) await deleteQueue(sqs, url);
  return urls.length;
}

function settled(result: PromiseSettledResult<number> | undefined): number {
  if (result?.status === 'rejected') throw result.reason;
  return result?.value ?? 0;
}
