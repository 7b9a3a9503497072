import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { listObjects } from '../../../ledger/objects.ts';
import type { Instance } from '../../../local/services/ec2/instance.ts';
import { signal } from '../../../local/services/ec2/machine-processes.ts';
import { until } from './run-batch.ts';
import type { StudyCloud } from './study-cloud.ts';

/** Long enough for a call that was on its way from a frozen worker to be answered. */
const settleMs = 200;

/** A worker that was stopped while it had objects in hand. */
export interface FrozenWorker {
  readonly instance: Instance;
  /** Ids of the objects that the ledger says it is at. */
  readonly held: readonly string[];
}

/** Stops every process of a worker, as a host that hangs does. */
export function freeze({ machine }: Instance): void {
  for (const pid of machine.processes()) signal(pid, 'SIGSTOP');
}

/** Lets a frozen worker go on. */
export function thaw({ machine }: Instance): void {
  for (const pid of machine.processes()) signal(pid, 'SIGCONT');
}

/** The process on a worker that talks to AWS, the agent; undefined where none runs. */
export function findAgent({ machine }: Instance): number | undefined {
  return machine.processes().find((pid) => commandLine(pid).includes('/agent.mjs'));
}

/** The agent of a worker that has one running. */
export function agentOf(instance: Instance): number {
  const agent = findAgent(instance);
  if (agent === undefined) throw new Error('no agent runs on the instance');
  return agent;
}

/** Freezes the batch's workers, each as soon as it has objects in hand, until all are. */
export async function freezeAtWork(
  study: StudyCloud,
  batchId: string,
  workers: number,
): Promise<FrozenWorker[]> {
  const { fleet } = study.cloud.services.ec2;
  const frozen: FrozenWorker[] = [];
  await until(async () => {
    const working = await claims(study, batchId);
    for (const instance of fleet.all()) {
      const isFrozen = frozen.some((worker) => worker.instance === instance);
      if (isFrozen || !working.has(instance.instanceId)) continue;
      freeze(instance);
      await sleep(settleMs);
      // What it had in hand when it was looked at may be done by now.
      const held = (await claims(study, batchId)).get(instance.instanceId);
      if (held === undefined) thaw(instance);
      else frozen.push({ instance, held });
    }
    return frozen.length === workers ? true : undefined;
  });
  return frozen;
}

/** The objects that are being worked on, by the instance that works on them. */
export async function claims(
  { as }: StudyCloud,
  batchId: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for await (const { objectId, state, claim } of listObjects(as('auditor').ledger, batchId)) {
    if (state !== 'CLAIMED' || claim === undefined) continue;
    found.set(claim.instanceId, [...(found.get(claim.instanceId) ?? []), objectId]);
  }
  return found;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
