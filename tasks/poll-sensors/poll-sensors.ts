import type * as z from 'zod';
import { encodePollCommand, PollCommand } from '../../ingest/model/poll-command.ts';
import { WorkbenchUnreachableError } from '../../workflow/model/errors.ts';
import {
  type CommandDocument,
  sendRequest,
  type SentCommand,
} from '../worker-command/send-request.ts';

export const PollSensorsInput = PollCommand.omit({ version: true });
export type PollSensorsInput = z.infer<typeof PollSensorsInput>;

/**
 * Has the poller on the workbench (E) take messages from the sensor queue.
 *
 * It answers to the task token, the one secret of the command. A second call sends a second command;
 * the poller's lease lets one of the two work, and the other answers `BUSY`.
 *
 * @throws WorkbenchUnreachableError when SSM cannot reach the instance.
 */
export function pollSensors(
  command: PollSensorsInput,
  document: CommandDocument,
): Promise<SentCommand> {
  const { instanceId } = command;
  return sendRequest(
    document,
    { instanceId, request: encodePollCommand({ version: 1, ...command }) },
    (cause) =>
      new WorkbenchUnreachableError(`workbench ${instanceId} cannot be reached`, { cause }),
  );
}
