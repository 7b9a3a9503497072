import { randomBytes } from 'node:crypto';
import { StartExecutionCommand, StateMachineDoesNotExist } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
import type { BatchRequest } from '../../workflow/model/batch-request.ts';
import { mintCode } from '../../workflow/model/code.ts';
import { batchId } from '../arguments.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { type CommandContext, runCommand } from '../run-command.ts';
import { watchAndReport } from '../watch/watch-and-report.ts';
import { addRunOptions, readRequest, type RunOptions } from './run-options.ts';

type Options = RunOptions & Pick<BatchRequest, 'pipeline'>;

/** Starts the execution of a batch; its name is the batch's id and a random code. */
export async function startBatch(deployment: Deployment, request: BatchRequest): Promise<string> {
  const suffix = mintCode(7, () => randomBytes(1).readUInt8());
  const command = new StartExecutionCommand({
    stateMachineArn: deployment.settings.stateMachineArn,
    name: `${request.batchId}-${suffix}`,
    input: JSON.stringify(request),
  });
  try {
    const { executionArn } = await deployment.sfn.send(command);
    if (executionArn !== undefined) return executionArn;
  } catch (error) {
    if (!(error instanceof StateMachineDoesNotExist)) throw error;
    throw new UserError('unavailable', 'the deployment has no state machine: deploy it again', {
      cause: error,
    });
  }
  throw new Error('StartExecution answered without an ARN');
}

/** Starts the execution of a batch, tells its ARN, and follows it to its end if that is asked for. */
export async function startAndTell(
  deployment: Deployment,
  request: BatchRequest,
  watch: boolean,
  context: CommandContext,
): Promise<void> {
  const { output, ids } = context;
  const executionArn = await startBatch(deployment, request);
  if (!watch) {
    output.result({ executionArn, batchId: request.batchId }, executionArn);
    return;
  }
  ids.executionArn = executionArn;
  output.early(executionArn);
  await watchAndReport(deployment, executionArn, context);
}

const epilogue = `
Prints the execution's ARN. Whether the batch can run is for the execution to find:
one that cannot ends FAILED with one plain sentence, before anything is launched, and
a batch that runs or ran already is left as it is. After exit code 75, look with czar
status <batch> before you start it again.

Exit code with --watch: 0 where the batch SUCCEEDED, else 1; Ctrl-C (130) ends the
watching only. A batch that FAILED goes on with czar retry <batch>.`;

/** `czar start`: starts the execution that runs a sealed batch. */
export function addStartCommand(program: Command): void {
  const start = program
    .command('start')
    .summary('run a sealed batch')
    .description('Starts the execution that runs a sealed batch, as the console would.')
    .argument('<batch>', "the batch's id, as czar upload told it", batchId)
    .requiredOption('--pipeline <name>', 'what to run on the objects, e.g. vitals-summary');
  addRunOptions(start)
    .addHelpText('after', epilogue)
    .action((id: string, { watch = false, ...options }: Options, command: Command) =>
      runCommand(command, async (context) => {
        const request = readRequest({ batchId: id, ...options });
        const deployment = await openDeployment(context.study);
        await startAndTell(deployment, request, watch, context);
      }),
    );
}
