import * as z from 'zod';
import { BatchPlan, WorkerSlot } from '../../workflow/model/batch-plan.ts';
import {
  type SentCommand,
  sendWorkerCommand,
  type WorkerDocument,
} from '../worker-command/send-worker-command.ts';

export const ProcessInput = z.strictObject({
  ...WorkerSlot.shape,
  ...BatchPlan.pick({ pipeline: true, maxSeconds: true }).shape,
  taskToken: z.string().min(1),
  instanceId: z.string().min(1),
  grantToken: z.string().min(1),
  queueUrl: z.url(),
});
export type ProcessInput = z.infer<typeof ProcessInput>;

/**
 * Has a worker take objects from the batch's queue until none is left.
 *
 * @throws WorkerLostError when SSM cannot reach the instance.
 */
export function process(
  { workerIndex, attempt, ...command }: ProcessInput,
  deps: WorkerDocument,
): Promise<SentCommand> {
  return sendWorkerCommand(deps, { version: 1, command: 'process', ...command });
}
