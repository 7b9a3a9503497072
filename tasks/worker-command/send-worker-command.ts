import { WorkerLostError } from '../../workflow/model/errors.ts';
import { encodeWorkerCommand, type WorkerCommand } from '../../workflow/model/worker-command.ts';
import { type CommandDocument, sendRequest, type SentCommand } from './send-request.ts';

/**
 * Tells a worker what to do.
 *
 * The task token is the one secret of a command: it lets its holder answer this one task. A second
 * call sends a second command; a worker that gets two works on the same queue twice, where the
 * ledger's claims keep them apart.
 *
 * @throws WorkerLostError when SSM cannot reach the instance.
 */
export function sendWorkerCommand(
  document: CommandDocument,
  command: WorkerCommand,
): Promise<SentCommand> {
  const { instanceId } = command;
  return sendRequest(
    document,
    { instanceId, request: encodeWorkerCommand(command) },
    (cause) => new WorkerLostError(`worker ${instanceId} cannot be reached`, { cause }),
  );
}
