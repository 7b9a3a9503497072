import type { Command } from 'commander';
import { batchId } from '../arguments.ts';
import { openDeployment } from '../deployment.ts';
import { fetchResults } from '../results/fetch-results.ts';
import { runCommand } from '../run-command.ts';

interface Options {
  readonly to?: string;
  readonly objects?: boolean;
}

const epilogue = `
The folder appears only when every byte was authenticated, and is the one that the
ledger noted; until then the plaintext lies in a folder <folder>.part-… beside it
that only you can read, and that is removed on any failure. Folders are made with
mode 0700, files with 0600. A folder that exists is refused before anything is
fetched.

What lies in the folder afterwards is plaintext: it is yours to protect.`;

/** `czar results get`: fetches and decrypts what a batch made. */
export function addResultsCommand(program: Command): void {
  const results = program
    .command('results')
    .summary('fetch results')
    .description('Results of a batch.');
  results
    .command('get')
    .summary('fetch and decrypt the results of a batch')
    .description('Fetches the consolidated result of a batch, decrypts it here and unpacks it.')
    .argument('<batch>', "the batch's id", batchId)
    .option('--to <folder>', 'a folder that does not exist yet (default: results-<batch>)')
    .option('--objects', 'also the results of each single object, to objects/<object id>/')
    .addHelpText('after', epilogue)
    .action((id: string, { to, objects = false }: Options, command: Command) =>
      runCommand(command, async ({ study, output, signal }) => {
        const folder = to ?? `results-${id}`;
        const deployment = await openDeployment(study);
        const fetched = await fetchResults(
          deployment,
          { batchId: id, folder, objects, signal },
          output,
        );
        const also = objects ? `, and results of ${fetched.objects} objects,` : '';
        // A folder that was typed may tell something; whoever typed it knows it.
        const where = to === undefined ? folder : 'the folder of --to';
        output.result(
          { batchId: id, ...(to === undefined && { folder }), ...fetched },
          `${fetched.files.length} files${also} in ${where}`,
        );
      }),
    );
}
