import type { Command } from 'commander';
import type { BatchRequest } from '../../workflow/model/batch-request.ts';
import { batchId } from '../arguments.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { type CommandContext, runCommand } from '../run-command.ts';
import { startExecution, tellStarted } from '../start-execution.ts';
import { addRunOptions, readRequest, type RunOptions } from './run-options.ts';

type Options = RunOptions & Pick<BatchRequest, 'pipeline'>;

/** Starts the execution of a batch; its name is the batch's id and a random code. */
export function startBatch(deployment: Deployment, request: BatchRequest): Promise<string> {
  const { stateMachineArn } = deployment.settings;
  return startExecution(deployment, { stateMachineArn, name: request.batchId, input: request });
}

/** Starts the execution of a batch, tells its ARN, and follows it to its end if that is asked for. */
export async function startAndTell(
  deployment: Deployment,
  request: BatchRequest,
  watch: boolean,
  context: CommandContext,
): Promise<void> {
  const executionArn = await startBatch(deployment, request);
  await tellStarted(deployment, executionArn, { batchId: request.batchId, watch }, context);
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
