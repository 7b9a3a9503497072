import { mkdir, readdir } from 'node:fs/promises';
import { Argument, type Command } from 'commander';
import { writePocA } from '../../synthetic/write-poc-a.ts';
import { wholeNumber } from '../arguments.ts';
import { UserError } from '../exit-codes.ts';
import { runCommand } from '../run-command.ts';

interface Options {
  readonly to: string;
  readonly split?: number;
}

/** `czar synthesize-data`: writes synthetic studies to try things with. */
export function addSynthesizeDataCommand(program: Command): void {
  program
    .command('synthesize-data')
    .summary('write a synthetic study to try things with')
    .description('Writes a synthetic study: no patient in it is real.')
    .addArgument(
      new Argument('<kind>', 'poc-a: 100 patients named John, 10,000 visits from 1938 on').choices([
        'poc-a',
      ]),
    )
    .requiredOption('--to <folder>', 'an empty or new folder')
    .option('--split <n>', 'split the visits into this many files', wholeNumber(1, 10_000))
    .action((_kind: string, { to, split }: Options, command: Command) =>
      runCommand(command, async ({ output }) => {
        await mkdir(to, { recursive: true });
        if ((await readdir(to)).length > 0) {
          throw new UserError('badInput', 'the folder is not empty');
        }
        const written = await writePocA(to, { split });
        const files = written.map(({ name, table, rows, bytes }) => ({ name, table, rows, bytes }));
        output.result({ files }, `${files.length} files written`);
      }),
    );
}
