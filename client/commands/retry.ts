import type { Command } from 'commander';
import { getBatch } from '../../ledger/batches.ts';
import type { BatchState } from '../../workflow/model/ledger-items.ts';
import { batchId } from '../arguments.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { runCommand } from '../run-command.ts';
import { addRunOptions, readRequest, type RunOptions } from './run-options.ts';
import { startAndTell } from './start.ts';

const refusals: Readonly<Record<Exclude<BatchState, 'FAILED'>, string>> = {
  UPLOADING: 'the batch is not sealed: its upload has not ended',
  SEALED: 'the batch has not run yet: czar start runs it',
  OPEN: 'the batch is running: czar watch follows it',
  SUCCEEDED: 'the batch has SUCCEEDED: there is nothing to retry',
};

/** Reads from the ledger which pipeline a failed batch was run with. */
async function findPipeline({ ledger }: Deployment, id: string): Promise<string | undefined> {
  const batch = await getBatch(ledger, id);
  if (batch === undefined) throw new UserError('badInput', 'there is no such batch');
  if (batch.state !== 'FAILED') throw new UserError('badInput', refusals[batch.state]);
  return batch.pipeline;
}

const epilogue = `
Objects that are DONE keep their results and are not processed again. Taken up are
those that nobody ended, and those that failed as TYPE_NOT_ACCEPTED,
PIPELINE_REJECTED, RETRIES_EXHAUSTED or NOT_PROCESSED. The other reasons are of the
upload, which a sealed batch keeps: tolerate them (--tolerate-failed-objects counts
all objects that failed, of whatever run), or upload to a new batch. Where the batch
failed after its result was stored, that one stands, and no object is taken up.

It runs the pipeline of the first run. Prints the new execution's ARN; until that one
has opened the batch, czar watch <batch> and czar status tell of the run before.
Step Functions' Redrive of the failed execution does the same in that execution.

Exit codes as of czar start.`;

/** `czar retry`: starts an execution that goes on with a batch that FAILED. */
export function addRetryCommand(program: Command): void {
  const retry = program
    .command('retry')
    .summary('go on with a batch that FAILED')
    .description('Starts an execution that processes what a FAILED batch has not done.')
    .argument('<batch>', "the batch's id", batchId);
  addRunOptions(retry)
    .addHelpText('after', epilogue)
    .action((id: string, { watch = false, ...options }: RunOptions, command: Command) =>
      runCommand(command, async (context) => {
        const deployment = await openDeployment(context.study);
        const pipeline = await findPipeline(deployment, id);
        const request = readRequest({ batchId: id, pipeline, ...options, retry: true });
        await startAndTell(deployment, request, watch, context);
      }),
    );
}
