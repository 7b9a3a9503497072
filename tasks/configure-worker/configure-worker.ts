import * as z from 'zod';
import { LiveSlot } from '../../workflow/model/batch-plan.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';
import type { CommandDocument, SentCommand } from '../worker-command/send-request.ts';
import { sendWorkerCommand } from '../worker-command/send-worker-command.ts';

export const ConfigureWorkerInput = z.strictObject({
  ...LiveSlot.shape,
  taskToken: z.string().min(1),
  instanceId: z.string().min(1),
});
export type ConfigureWorkerInput = z.infer<typeof ConfigureWorkerInput>;

/**
 * Has a worker check itself: its software's digests, its scratch, its swap.
 *
 * It holds no key yet. A second call has it check itself again.
 *
 * @throws RunEndedError in a run that is over.
 * @throws WorkerLostError when SSM cannot reach the instance.
 */
export async function configureWorker(
  { workerIndex, attempt, redriven, ...command }: ConfigureWorkerInput,
  deps: CommandDocument,
): Promise<SentCommand> {
  refuseEndedRun({ ...command, redriven });
  return sendWorkerCommand(deps, { version: 1, command: 'configure', ...command });
}
