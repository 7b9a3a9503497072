import { randomBytes } from 'node:crypto';
import { StartExecutionCommand, StateMachineDoesNotExist } from '@aws-sdk/client-sfn';
import { mintCode } from '../workflow/model/code.ts';
import type { Deployment } from './deployment.ts';
import { UserError } from './exit-codes.ts';
import type { CommandContext } from './run-command.ts';
import { watchAndReport } from './watch/watch-and-report.ts';

/** Starts an execution, and answers its ARN. It is named `name`, and a random code. */
export async function startExecution(
  { sfn }: Deployment,
  { stateMachineArn, name, input }: { stateMachineArn: string; name: string; input: unknown },
): Promise<string> {
  const suffix = mintCode(7, () => randomBytes(1).readUInt8());
  const command = new StartExecutionCommand({
    stateMachineArn,
    name: `${name}-${suffix}`,
    input: JSON.stringify(input),
  });
  try {
    const { executionArn } = await sfn.send(command);
    if (executionArn !== undefined) return executionArn;
  } catch (error) {
    if (!(error instanceof StateMachineDoesNotExist)) throw error;
    throw new UserError('unavailable', 'the deployment has no state machine: deploy it again', {
      cause: error,
    });
  }
  throw new Error('StartExecution answered without an ARN');
}

/** Tells the ARN of an execution that was started, and follows it to its end if that is asked for. */
export async function tellStarted(
  deployment: Deployment,
  executionArn: string,
  { watch, ...fields }: { readonly watch: boolean; readonly batchId?: string },
  context: CommandContext,
): Promise<void> {
  const { output, ids } = context;
  if (!watch) {
    output.result({ executionArn, ...fields }, executionArn);
    return;
  }
  ids.executionArn = executionArn;
  output.early(executionArn);
  await watchAndReport(deployment, executionArn, context);
}
