import type { Command } from 'commander';
import type { AccessRecord } from '../../audit/access/access-record.ts';
import { readCloudTrailFiles, readJsonLines } from '../../audit/access/read-access-log.ts';
import { digestAssembly } from '../../audit/assembly-digests.ts';
import { EvidenceError } from '../../audit/evidence-error.ts';
import { readRunEvidence } from '../../audit/read-run-record.ts';
import { writeReport } from '../../audit/report/write-report.ts';
import { batchOrArn } from '../arguments.ts';
import { openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { findExecution } from '../find-execution.ts';
import { runCommand } from '../run-command.ts';
import { writeText } from '../write-text.ts';

interface Options {
  readonly to?: string;
  readonly accessLog?: readonly string[];
  readonly assembly?: string;
}

const epilogue = `
Without --to the HTML goes to stdout. Of a batch, the execution that opened it last
is told of. Needs the right to read executions and the ledger: a researcher's,
operator's or auditor's. Without an access log the report cannot tell who started
the execution, what existed for it and who used the key, and says so.`;

/** `czar evidence report`: tells all of an execution, as one HTML file. */
export function addEvidenceReportCommand(evidence: Command): void {
  evidence
    .command('report')
    .summary('tell all of an execution, as one HTML file')
    .description(
      'Writes the report of an execution: graph, timeline, objects, key, mails, what remains.',
    )
    .argument('<batch>', "a batch's id, or an execution's ARN", batchOrArn)
    .option('--to <file>', 'an HTML file, which is replaced')
    .option(
      '--access-log <file>',
      "JSON lines, or a .gz file of CloudTrail's; again for each file",
      (file: string, files?: readonly string[]) => [...(files ?? []), file],
    )
    .option('--assembly <folder>', 'the folder of cdk synth, to list digests of what it holds')
    .addHelpText('after', epilogue)
    .action((given: string, options: Options, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { sfn, ledger } = await openDeployment(study);
        const executionArn = await findExecution(ledger, given);
        const html = await report({ study, sfn, ledger }, executionArn, options);
        if (options.to === undefined) output.result({ executionArn, html }, html.trimEnd());
        else {
          await writeText(options.to, html);
          const bytes = Buffer.byteLength(html);
          output.result({ executionArn, bytes }, 'the report is in the file of --to');
        }
      }),
    );
}

async function report(
  sources: Pick<Parameters<typeof readRunEvidence>[0], 'study' | 'sfn' | 'ledger'>,
  executionArn: string,
  { accessLog, assembly }: Options,
): Promise<string> {
  try {
    const digests = assembly === undefined ? undefined : await readable(digestAssembly(assembly));
    const log = accessLog && { accessLog: readLog(accessLog) };
    const evidence = await readRunEvidence({ ...sources, ...log, digests }, executionArn);
    return writeReport(evidence);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new UserError('badInput', error.message, { cause: error });
  }
}

async function* readLog(paths: readonly string[]): AsyncGenerator<AccessRecord> {
  try {
    for (const path of paths) {
      yield* path.endsWith('.gz') ? readCloudTrailFiles([path]) : readJsonLines(path);
    }
  } catch (error) {
    throw unreadable(error, '--access-log');
  }
}

async function readable<Read>(reading: Promise<Read>): Promise<Read> {
  try {
    return await reading;
  } catch (error) {
    throw unreadable(error, '--assembly');
  }
}

/** The system's message repeats the path, and zlib's says nothing to a person. */
function unreadable(error: unknown, option: string): unknown {
  if (error instanceof EvidenceError) return error;
  return new UserError('badInput', `what ${option} names cannot be read`, { cause: error });
}
