import type { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { BatchPlan, LiveRun, LiveWorker } from '../../workflow/model/batch-plan.ts';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';
import { readInstances } from '../run-instances/find-instances.ts';
import { onlineWorkers } from '../worker-command/online-workers.ts';
import type { CommandDocument, SentCommand } from '../worker-command/send-request.ts';
import { sendWorkerCommand } from '../worker-command/send-worker-command.ts';

export const ConsolidateInput = z.strictObject({
  ...LiveRun.shape,
  ...BatchPlan.pick({ pipeline: true, maxSeconds: true, tolerateFailedObjects: true }).shape,
  taskToken: z.string().min(1),
  workers: z.array(LiveWorker).min(1),
  /** Consolidations begun before this one, each on a worker that was lost. */
  retries: z.int().min(0),
});
export type ConsolidateInput = z.infer<typeof ConsolidateInput>;

export interface ConsolidateDeps extends CommandDocument {
  readonly ec2: EC2Client;
}

/**
 * Has one worker that is still alive make the batch's one result.
 *
 * Which one is a matter of turns: a repeated try passes over as many live workers as were tried
 * before, so that one which EC2 believes alive and which does not answer is not asked twice.
 *
 * @throws RunEndedError in a run that is over.
 * @throws WorkerLostError when no worker is alive, or SSM cannot reach the one chosen.
 */
export async function consolidate(
  { workers, retries, redriven, ...command }: ConsolidateInput,
  deps: ConsolidateDeps,
): Promise<SentCommand> {
  refuseEndedRun({ ...command, redriven });
  const ids = workers.map(({ instanceId }) => instanceId);
  const [instances, online] = await Promise.all([
    readInstances(deps.ec2, ids),
    onlineWorkers(deps.ssm, ids),
  ]);
  const running = new Set(
    instances.filter(({ state }) => state === 'running').map(({ instanceId }) => instanceId),
  );
  const alive = workers.filter(
    ({ instanceId }) => running.has(instanceId) && online.has(instanceId),
  );
  const chosen = alive[retries % Math.max(1, alive.length)];
  if (chosen === undefined) {
    throw new WorkerLostError(`none of ${workers.length} workers is alive to consolidate`);
  }
  const { instanceId, grantToken } = chosen;
  return sendWorkerCommand(deps, {
    version: 1,
    command: 'consolidate',
    ...command,
    instanceId,
    grantToken,
  });
}
