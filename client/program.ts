import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import * as z from 'zod';
import { addAuditCommand } from './commands/audit.ts';
import { addConsoleCommand } from './commands/console.ts';
import { addEvidenceCommand } from './commands/evidence.ts';
import { addGraphCommand } from './commands/graph.ts';
import { addIotCommand } from './commands/iot.ts';
import { addLocalCommand } from './commands/local.ts';
import { addResultsCommand } from './commands/results.ts';
import { addRetryCommand } from './commands/retry.ts';
import { addStartCommand } from './commands/start.ts';
import { addStatusCommand } from './commands/status.ts';
import { addSynthesizeDataCommand } from './commands/synthesize-data.ts';
import { addUploadCommand } from './commands/upload.ts';
import { addWatchCommand } from './commands/watch.ts';
import { exitCodeMeanings, exitCodes } from './exit-codes.ts';
import { createOutput } from './output.ts';
import { reportError } from './report-error.ts';
import { writeError } from './run-command.ts';
import { usageError } from './usage-error.ts';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

const meanings = Object.entries(exitCodeMeanings)
  .map(
    ([key, meaning]) =>
      `${String(exitCodes[key as keyof typeof exitCodes]).padStart(4)}  ${meaning}`,
  )
  .join('\n');

const epilogue = `
A batch, from the laptop and back:
  czar upload visits/                                  prints the batch's id
  czar start <batch> --pipeline vitals-summary --watch
  czar results get <batch>

Exit codes:
${meanings}

With --json, a result and an error are one JSON object on stdout; an error's is
{"error", "message", "exitCode"}. Progress goes to stderr: as JSON lines where
stderr is no terminal.

AWS credentials, region and endpoint are found as the AWS SDKs find them.
Nothing that czar prints or logs has the name of a file: files have numbers.`;

/** Makes the program; commander's own errors are thrown, so that message and exit code can be ours. */
function createProgram(): Command {
  const program = new Command('czar')
    .description('Runs batches of health data in a research environment that is gone afterwards.')
    .version(version)
    .option('--study <name>', 'the study (its PIT)', process.env.CZAR_STUDY ?? 'czarhipaa')
    .option('--json', 'write the result, or the error, as one JSON object')
    .addHelpText('after', epilogue);
  addUploadCommand(program);
  addStartCommand(program);
  addRetryCommand(program);
  addWatchCommand(program);
  addStatusCommand(program);
  addGraphCommand(program);
  addAuditCommand(program);
  addEvidenceCommand(program);
  addConsoleCommand(program);
  addResultsCommand(program);
  addIotCommand(program);
  addSynthesizeDataCommand(program);
  addLocalCommand(program);
  quiet(program);
  return program;
}

/** Keeps commander from writing complaints of its own, which repeat what was typed. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  command.commands.forEach(quiet);
}

/** Ends with a plain sentence whatever was thrown: Node's own report would repeat a file's name. */
export function fail(error: unknown, args: readonly string[]): void {
  const json = args.includes('--json');
  const read = error instanceof CommanderError ? usageError(error) : reportError(error);
  writeError(read, { json, output: createOutput({ json }) });
}

/**
 * Runs `czar` with what was typed after its name; how it ended is in `process.exitCode`.
 *
 * It writes to the process's own streams and listens to its signals: a process runs one at a time.
 */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    if (!isHelp) fail(error, args);
  }
}
