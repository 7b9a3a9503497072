import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { handOver } from '../hand-over.ts';

/** The embedded cloud's own program: named by path, because nothing of the product imports it. */
const localProgram = fileURLToPath(new URL('../../local/local-cli.ts', import.meta.url));

const runLocal = (command: Command, args: readonly string[]): Promise<void> =>
  handOver(command, localProgram, args);

/** `czar local`: the whole environment on this machine. */
export function addLocalCommand(program: Command): void {
  const local = program
    .command('local')
    .summary('the whole environment on this machine')
    .description(
      'Runs the synthesized templates in embedded services on this machine: the same stacks,\n' +
        'policies and worker as in AWS. Needs no account.',
    );
  local
    .command('start')
    .summary('synthesize and start the embedded cloud')
    .description(
      'Synthesizes the stacks and starts the embedded cloud; it runs until czar local stop.\n' +
        'Prints its endpoint.',
    )
    .option('--foreground', 'stay in the terminal until Ctrl-C')
    .option('--ingest', 'with the sensor ingest: devices, queue, workbench')
    .action((options: { foreground?: boolean; ingest?: boolean }, command: Command) =>
      runLocal(command, [
        'start',
        ...(options.foreground === true ? ['--foreground'] : []),
        ...(options.ingest === true ? ['--ingest'] : []),
      ]),
    );
  local
    .command('env')
    .summary('print the environment that reaches it')
    .description(
      'Prints export lines for a shell: endpoint, region, study, and credentials of one role.\n' +
        'Use it as:  eval "$(czar local env)"',
    )
    .addOption(
      new Option('--as <role>', 'whose credentials')
        .choices(['uploader', 'researcher', 'operator', 'auditor'])
        .default('researcher'),
    )
    .action((options: { as: string }, command: Command) =>
      runLocal(command, ['env', '--as', options.as]),
    );
  local
    .command('stop')
    .summary('stop the embedded cloud and wipe what it kept')
    .description('Stops the embedded cloud and wipes everything that it kept.')
    .action((_options: unknown, command: Command) => runLocal(command, ['stop']));
}
