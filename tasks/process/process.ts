import * as z from 'zod';
import { BatchPlan, LiveSlot } from '../../workflow/model/batch-plan.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';
import type { CommandDocument, SentCommand } from '../worker-command/send-request.ts';
import { sendWorkerCommand } from '../worker-command/send-worker-command.ts';

export const ProcessInput = z.strictObject({
  ...LiveSlot.shape,
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
 * @throws RunEndedError in a run that is over.
 * @throws WorkerLostError when SSM cannot reach the instance.
 */
export async function process(
  { workerIndex, attempt, redriven, ...command }: ProcessInput,
  deps: CommandDocument,
): Promise<SentCommand> {
  refuseEndedRun({ ...command, redriven });
  return sendWorkerCommand(deps, { version: 1, command: 'process', ...command });
}
