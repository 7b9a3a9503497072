import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { LiveSlot } from '../../workflow/model/batch-plan.ts';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';
import { readInstances } from '../run-instances/find-instances.ts';
import { onlineWorkers } from '../worker-command/online-workers.ts';

export const AwaitWorkerInput = z.strictObject({
  ...LiveSlot.shape,
  instanceId: z.string().min(1),
});
export type AwaitWorkerInput = z.infer<typeof AwaitWorkerInput>;

export const AwaitWorkerOutput = z.strictObject({
  instanceId: z.string(),
  waitedSeconds: z.int().min(0),
});
export type AwaitWorkerOutput = z.infer<typeof AwaitWorkerOutput>;

export interface AwaitWorkerDeps {
  readonly ec2: EC2Client;
  readonly ssm: SSMClient;
  readonly now: () => Date;
  readonly sleep: (seconds: number) => Promise<void>;
}

/** Longest wait. A dedicated instance boots in one to three minutes; its user data takes one more. */
export const mostSecondsToOnline = 600;

/** EC2's answers lag behind its launches: for so long an instance may be unknown. */
const secondsToAppear = 60;

/** 40 workers that ask every 5 s make 8 calls a second to EC2 and as many to SSM. */
const longestStepSeconds = 5;

/** States that lead to no worker. */
const ending = new Set(['stopping', 'stopped', 'shutting-down', 'terminated']);

/**
 * Waits until a worker's SSM agent answers.
 *
 * It waits inside the function: SSM sends no event when an agent registers, and a loop of states
 * would fill the history (design.md, style.md trap 11). A repeated call waits anew.
 *
 * @throws RunEndedError in a run that is over.
 * @throws WorkerLostError at once when the instance ends or is not there, else after
 *   {@link mostSecondsToOnline}.
 */
export async function awaitWorker(
  { instanceId, ...run }: AwaitWorkerInput,
  { ec2, ssm, now, sleep }: AwaitWorkerDeps,
): Promise<AwaitWorkerOutput> {
  refuseEndedRun(run);
  const began = now().getTime();
  for (let step = 1; ; step += 1) {
    const [instances, online] = await Promise.all([
      readInstances(ec2, [instanceId]),
      onlineWorkers(ssm, [instanceId]),
    ]);
    const waitedSeconds = Math.round((now().getTime() - began) / 1000);
    const state = instances[0]?.state;
    if (state !== undefined && ending.has(state)) {
      throw new WorkerLostError(`worker ${instanceId} is ${state} before it came online`);
    }
    if (state === undefined && waitedSeconds >= secondsToAppear) {
      throw new WorkerLostError(`worker ${instanceId} does not exist`);
    }
    if (state === 'running' && online.has(instanceId)) return { instanceId, waitedSeconds };
    if (waitedSeconds >= mostSecondsToOnline) {
      throw new WorkerLostError(`worker ${instanceId} is not online after ${waitedSeconds} s`);
    }
    await sleep(Math.min(step, longestStepSeconds));
  }
}
