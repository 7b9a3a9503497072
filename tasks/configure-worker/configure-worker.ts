import * as z from 'zod';
import { WorkerSlot } from '../../workflow/model/batch-plan.ts';
import {
  type SentCommand,
  sendWorkerCommand,
  type WorkerDocument,
} from '../worker-command/send-worker-command.ts';

export const ConfigureWorkerInput = z.strictObject({
  ...WorkerSlot.shape,
  taskToken: z.string().min(1),
  instanceId: z.string().min(1),
});
export type ConfigureWorkerInput = z.infer<typeof ConfigureWorkerInput>;

/**
 * Has a worker check itself: its software's digests, its scratch, its swap.
 *
 * It holds no key yet. A second call has it check itself again.
 *
 * @throws WorkerLostError when SSM cannot reach the instance.
 */
export function configureWorker(
  { taskToken, executionArn, batchId, instanceId }: ConfigureWorkerInput,
  deps: WorkerDocument,
): Promise<SentCommand> {
  return sendWorkerCommand(deps, {
    version: 1,
    command: 'configure',
    taskToken,
    executionArn,
    batchId,
    instanceId,
  });
}
