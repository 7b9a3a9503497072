import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { isAwsError } from '../../runtime/aws-errors.ts';

/** How commands reach an instance. */
export interface CommandDocument {
  readonly ssm: SSMClient;
  /** An SSM document of the deployment, whose one parameter is `request`. */
  readonly documentName: string;
}

/** The receipt of a command. Its answer comes from the instance, to the task token in it. */
export const SentCommand = z.strictObject({ commandId: z.string(), instanceId: z.string() });
export type SentCommand = z.infer<typeof SentCommand>;

/** SSM's word for an instance that is not running, or whose agent does not answer. */
const lost = new Set(['InvalidInstanceId']);

/**
 * Sends one instance one command, and throws what `asLost` makes of it where SSM cannot reach it.
 *
 * A second call sends a second command.
 */
export async function sendRequest(
  { ssm, documentName }: CommandDocument,
  { instanceId, request }: { readonly instanceId: string; readonly request: string },
  asLost: (cause: Error) => Error,
): Promise<SentCommand> {
  try {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        DocumentName: documentName,
        InstanceIds: [instanceId],
        Parameters: { request: [request] },
        // Time to reach the agent. What has not begun by then has missed its heartbeats.
        TimeoutSeconds: 60,
      }),
    );
    return { commandId: Command?.CommandId ?? '', instanceId };
  } catch (error) {
    throw isAwsError(error, lost) ? asLost(error) : error;
  }
}
