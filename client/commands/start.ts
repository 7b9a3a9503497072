import { randomBytes } from 'node:crypto';
import { StartExecutionCommand, StateMachineDoesNotExist } from '@aws-sdk/client-sfn';
import { type Command, Option } from 'commander';
import { BatchRequest } from '../../workflow/model/batch-request.ts';
import { mintCode } from '../../workflow/model/code.ts';
import { batchId, parseTyped, wholeNumber } from '../arguments.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { refuseTelling } from '../name-gate.ts';
import { runCommand } from '../run-command.ts';
import { watchAndReport } from '../watch/watch-and-report.ts';

type Options = Omit<BatchRequest, 'batchId'> & { readonly watch?: boolean };

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

/** Reads the request, and holds what was typed in it against the name gate: it stands in the history. */
function readRequest(typed: Readonly<Record<string, unknown>>): BatchRequest {
  const request = parseTyped(BatchRequest, typed);
  const { pipeline, instanceType = '', ticket = '' } = request;
  for (const [field, text] of Object.entries({ pipeline, instanceType, ticket })) {
    refuseTelling(field, text);
  }
  return request;
}

const epilogue = `
Prints the execution's ARN. Whether the batch can run is for the execution to find:
one that cannot ends FAILED with one plain sentence, before anything is launched, and
a batch that runs or ran already is left as it is. After exit code 75, look with czar
status <batch> before you start it again.

Exit code with --watch: 0 where the batch SUCCEEDED, else 1; Ctrl-C (130) ends the
watching only.`;

/** `czar start`: starts the execution that runs a sealed batch. */
export function addStartCommand(program: Command): void {
  program
    .command('start')
    .summary('run a sealed batch')
    .description('Starts the execution that runs a sealed batch, as the console would.')
    .argument('<batch>', "the batch's id, as czar upload told it", batchId)
    .requiredOption('--pipeline <name>', 'what to run on the objects, e.g. vitals-summary')
    .option('--workers <n>', "machines to launch (default: the deployment's)", wholeNumber(1, 1000))
    .addOption(
      new Option('--tenancy <kind>', "of the machines (default: the deployment's)").choices([
        'dedicated',
        'default',
      ]),
    )
    .option('--instance-type <type>', "e.g. m7i.large (default: the deployment's)")
    .option(
      '--max-minutes <n>',
      'longest time of one worker, 5 to 1440 (default: 240)',
      wholeNumber(5, 1440),
    )
    .option(
      '--tolerate-failed-objects <n>',
      'objects that may fail (default: 0)',
      wholeNumber(0, 1_000_000_000),
    )
    .option('--ticket <key>', 'key of a ticket, like ABC-123')
    .option('--watch', 'follow it to its end')
    .addHelpText('after', epilogue)
    .action((id: string, { watch = false, ...options }: Options, command: Command) =>
      runCommand(command, async (context) => {
        const { study, output, ids } = context;
        const request = readRequest({ batchId: id, ...options });
        const deployment = await openDeployment(study);
        const executionArn = await startBatch(deployment, request);
        if (!watch) {
          output.result({ executionArn, batchId: id }, executionArn);
          return;
        }
        ids.executionArn = executionArn;
        output.early(executionArn);
        await watchAndReport(deployment, executionArn, context);
      }),
    );
}
