import type { Command } from 'commander';
import { EvidenceError } from '../../audit/evidence-error.ts';
import { drawRunGraph } from '../../audit/graph/run-graph.ts';
import { readRunEvidence } from '../../audit/read-run-record.ts';
import { batchOrArn } from '../arguments.ts';
import { openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { findExecution } from '../find-execution.ts';
import { runCommand } from '../run-command.ts';
import { writeText } from '../write-text.ts';

const epilogue = `
Without --to the SVG goes to stdout. Of a batch, the execution that opened it last
is drawn. Needs the right to read executions and the ledger: a researcher's,
operator's or auditor's. The definition is the one that the execution ran.`;

/** `czar graph`: draws what became of an execution. */
export function addGraphCommand(program: Command): void {
  program
    .command('graph')
    .summary('draw what became of an execution')
    .description('Draws the states of an execution as an SVG: outcomes, times, retries, workers.')
    .argument('<batch>', "a batch's id, or an execution's ARN", batchOrArn)
    .option('--to <file>', 'an SVG file, which is replaced')
    .addHelpText('after', epilogue)
    .action((given: string, { to }: { readonly to?: string }, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { sfn, ledger } = await openDeployment(study);
        const executionArn = await findExecution(ledger, given);
        const svg = await draw({ study, sfn, ledger }, executionArn);
        if (to === undefined) output.result({ executionArn, svg }, svg.trimEnd());
        else {
          await writeText(to, svg);
          output.result({ executionArn, bytes: svg.length }, 'the graph is in the file of --to');
        }
      }),
    );
}

async function draw(
  sources: Parameters<typeof readRunEvidence>[0],
  executionArn: string,
): Promise<string> {
  try {
    const { record, definition } = await readRunEvidence(sources, executionArn);
    return drawRunGraph(definition, record);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new UserError('badInput', error.message, { cause: error });
  }
}
