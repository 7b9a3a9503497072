import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import { encodeWorkerCommand, type WorkerCommand } from '../../workflow/model/worker-command.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';

/** How commands reach a worker. */
export interface WorkerDocument {
  readonly ssm: SSMClient;
  /** The deployment's one SSM document, which runs `run-worker` with the command as its argument. */
  readonly documentName: string;
}

/** The receipt of a command. Its answer comes from the worker, to the task token in it. */
export const SentCommand = z.strictObject({ commandId: z.string(), instanceId: z.string() });
export type SentCommand = z.infer<typeof SentCommand>;

/** SSM's word for an instance that is not running, or whose agent does not answer. */
const lost = new Set(['InvalidInstanceId']);

/**
 * Tells a worker what to do.
 *
 * The task token is the one secret of a command: it lets its holder answer this one task. A second
 * call sends a second command; a worker that gets two works on the same queue twice, where the
 * ledger's claims keep them apart.
 *
 * @throws WorkerLostError when SSM cannot reach the instance.
 */
export async function sendWorkerCommand(
  { ssm, documentName }: WorkerDocument,
  command: WorkerCommand,
): Promise<SentCommand> {
  try {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        DocumentName: documentName,
        InstanceIds: [command.instanceId],
        Parameters: { request: [encodeWorkerCommand(command)] },
        // Time to reach the agent. A worker that has not begun by then has missed its heartbeats.
        TimeoutSeconds: 60,
      }),
    );
    return { commandId: Command?.CommandId ?? '', instanceId: command.instanceId };
  } catch (error) {
    if (!isAwsError(error, lost)) throw error;
    throw new WorkerLostError(`worker ${command.instanceId} cannot be reached`, { cause: error });
  }
}
