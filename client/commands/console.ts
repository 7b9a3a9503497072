import type { Command } from 'commander';
import { fileURLToPath } from 'node:url';
import { wholeNumber } from '../arguments.ts';
import { handOver } from '../hand-over.ts';

/** The console's own program: named by path, because nothing of the product imports it. */
const consoleProgram = fileURLToPath(new URL('../../console/serve.ts', import.meta.url));

interface Options {
  readonly port?: number;
  readonly open?: boolean;
  readonly aws?: boolean;
  readonly accessLog?: string;
}

const epilogue = `
Prints the address, whose token lets in whoever has it; the console answers this
machine only, and ends at Ctrl-C (130). Where an embedded cloud runs (czar local
start, npm run demo -- --keep) it shows that one: it reads as the auditor, starts
runs as the operator, and ends with the cloud. Otherwise it shows the study's
deployment in AWS with the credentials that the SDK finds, best the auditor's,
and only reads.`;

/** `czar console`: the local web page. */
export function addConsoleCommand(program: Command): void {
  program
    .command('console')
    .summary('runs, evidence and questions as a local web page')
    .description('Serves a web page on this machine: runs, their graphs, objects, mails, evidence.')
    .option('--port <n>', 'port to listen on (default: any that is free)', wholeNumber(1, 65_535))
    .option('--open', 'open it in the browser')
    .option('--aws', 'show AWS even where an embedded cloud runs')
    .option('--access-log <path>', 'a file, or a folder of files, to ask and to tell from')
    .addHelpText('after', epilogue)
    .action(({ port, open, aws, accessLog }: Options, command: Command) =>
      handOver(command, consoleProgram, [
        ...(port === undefined ? [] : ['--port', String(port)]),
        ...(open === true ? ['--open'] : []),
        ...(aws === true ? ['--aws'] : []),
        ...(accessLog === undefined ? [] : ['--access-log', accessLog]),
      ]),
    );
}
