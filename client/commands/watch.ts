import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { getBatch } from '../../ledger/batches.ts';
import type { BatchState } from '../../workflow/model/ledger-items.ts';
import { batchOrArn } from '../arguments.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { type CommandContext, runCommand } from '../run-command.ts';
import { watchAndReport } from '../watch/watch-and-report.ts';

/** Looks, a second apart, for an execution that was just started to open its batch. */
const mostLooks = 30;

/** Finds the execution of a batch, or takes an execution's ARN as it is. */
async function findExecution(
  { ledger }: Deployment,
  given: string,
  { output, signal }: CommandContext,
): Promise<string> {
  if (given.startsWith('arn:')) return given;
  for (let look = 1; ; look += 1) {
    const batch = await getBatch(ledger, given);
    if (batch?.executionArn !== undefined) return batch.executionArn;
    if (batch?.state !== 'SEALED' || look === mostLooks) throw neverStarted(batch?.state);
    if (look === 1) {
      output.event(
        'waiting',
        { batchId: given },
        'the batch is sealed; waiting for an execution to open it',
      );
    }
    await sleep(1_000, undefined, { signal });
  }
}

function neverStarted(state: BatchState | undefined): UserError {
  const why = state === undefined ? 'there is no such batch' : 'no execution has opened this batch';
  return new UserError('badInput', why);
}

const epilogue = `
Tells each state that is entered, each worker's, each error and each new try, and
how many objects are done. Ends when the execution ends: with 0 where it SUCCEEDED,
else with 1. Ctrl-C ends the watching only (130).`;

/** `czar watch`: follows an execution to its end. */
export function addWatchCommand(program: Command): void {
  program
    .command('watch')
    .summary('follow an execution to its end')
    .description('Follows an execution: its states, its workers, and how many objects are done.')
    .argument('<batch>', "a batch's id, or an execution's ARN", batchOrArn)
    .addHelpText('after', epilogue)
    .action((given: string, _options: unknown, command: Command) =>
      runCommand(command, async (context) => {
        const deployment = await openDeployment(context.study);
        const execution = await findExecution(deployment, given, context);
        await watchAndReport(deployment, execution, context);
      }),
    );
}
