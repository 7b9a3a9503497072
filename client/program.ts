import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import * as z from 'zod';
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

/** Adds a command to the program. */
type AddCommand = (program: Command) => void;

/** Commands in the order of the help. What one needs takes longer to load than most take to run. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  upload: async () => (await import('./commands/upload.ts')).addUploadCommand,
  start: async () => (await import('./commands/start.ts')).addStartCommand,
  retry: async () => (await import('./commands/retry.ts')).addRetryCommand,
  watch: async () => (await import('./commands/watch.ts')).addWatchCommand,
  status: async () => (await import('./commands/status.ts')).addStatusCommand,
  graph: async () => (await import('./commands/graph.ts')).addGraphCommand,
  audit: async () => (await import('./commands/audit.ts')).addAuditCommand,
  evidence: async () => (await import('./commands/evidence.ts')).addEvidenceCommand,
  console: async () => (await import('./commands/console.ts')).addConsoleCommand,
  results: async () => (await import('./commands/results.ts')).addResultsCommand,
  iot: async () => (await import('./commands/iot.ts')).addIotCommand,
  'synthesize-data': async () =>
    (await import('./commands/synthesize-data.ts')).addSynthesizeDataCommand,
  local: async () => (await import('./commands/local.ts')).addLocalCommand,
};

/** Loads the commands that are named on the command line; all, where none is. */
function loadCommands(args: readonly string[]): Promise<AddCommand[]> {
  const named = Object.keys(commands).filter((name) => args.includes(name));
  const wanted = named.length > 0 ? named : Object.keys(commands);
  return Promise.all(wanted.flatMap((name) => commands[name]?.() ?? []));
}

/** Makes the program; commander's own errors are thrown, so that message and exit code can be ours. */
function createProgram(adds: readonly AddCommand[]): Command {
  const program = new Command('czar')
    .description('Runs batches of health data in a research environment that is gone afterwards.')
    .version(version)
    .option('--study <name>', 'the study (its PIT)', process.env.CZAR_STUDY ?? 'czarhipaa')
    .option('--json', 'write the result, or the error, as one JSON object')
    .addHelpText('after', epilogue);
  for (const add of adds) add(program);
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
    await createProgram(await loadCommands(args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    if (!isHelp) fail(error, args);
  }
}
