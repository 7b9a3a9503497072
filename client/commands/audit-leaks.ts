import process from 'node:process';
import { type Command, InvalidArgumentError } from 'commander';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { openAccessLog } from '../../audit/access/open-access-log.ts';
import { batchOf } from '../../audit/compose-run-record.ts';
import { leastCanary } from '../../audit/questions/canary-search.ts';
import { detectorCodes } from '../../audit/questions/detectors.ts';
import {
  findLeaks,
  type LeakAnswer,
  type SearchedRun,
} from '../../audit/questions/leak-surfaces.ts';
import { getBatch } from '../../ledger/batches.ts';
import { batchOrArn } from '../arguments.ts';
import { answering } from '../audit/answering.ts';
import { connections, type Deployment, openDeployment } from '../deployment.ts';
import { exitCodes, UserError } from '../exit-codes.ts';
import { columns } from '../iot/columns.ts';
import { runCommand } from '../run-command.ts';

interface Options {
  readonly canary: readonly string[];
  readonly accessLog?: string;
}

const epilogue = `
A canary is a text that stands in the inputs and nowhere else: plant one before the
upload, and look for it here. It is found in any case, in a URL's escapes and in
base64; it is not repeated: CANARY-1 is the first. Detectors look for social security
numbers, record numbers, dates of birth, phone numbers, e-mail addresses and common
names (SSN, MRN, DATE-OF-BIRTH, PHONE, EMAIL, NAME); a net, not a proof.

Tells how often and on which surface, and never what. The exit code is 1 where
anything is found. It says which surfaces it could not search.`;

/** `czar audit leaks`: whether anything of the inputs stands where it must not. */
export function addAuditLeaksCommand(audit: Command): void {
  audit
    .command('leaks')
    .summary('whether canaries or PHI stand where they must not')
    .description('Searches every surface of a batch that must be free of PHI.')
    .argument('<batch>', "a batch's id, or an execution's ARN", batchOrArn)
    .option('--canary <text>', 'a text that must be nowhere; as often as wanted', canary, [])
    .option('--access-log <path>', 'a file, or a folder of files, to search as well')
    .addHelpText('after', epilogue)
    .action((given: string, { canary, accessLog }: Options, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const deployment = await openDeployment(study);
        const { sfn, s3, ledger, settings } = deployment;
        const run = await findRun(deployment, given);
        const { ancillaryBucket } = settings;
        const logs = new CloudWatchLogsClient(connections);
        const sources = { study, sfn, s3, logs, ledger, ancillaryBucket };
        const log = accessLog === undefined ? {} : { accessLog: openAccessLog(accessLog) };
        const answer = await answering(() => findLeaks({ ...sources, ...log }, run, canary));
        output.result({ ...answer }, describe(answer, canary.length));
        if (answer.found.length > 0) process.exitCode = exitCodes.failed;
      }),
    );
}

function canary(text: string, before: readonly string[]): string[] {
  if (text.length >= leastCanary) return [...before, text];
  throw new InvalidArgumentError(`It must be at least ${leastCanary} characters long.`);
}

async function findRun({ sfn, ledger }: Deployment, given: string): Promise<SearchedRun> {
  if (!given.startsWith('arn:')) {
    const batch = await getBatch(ledger, given);
    if (batch === undefined) throw new UserError('badInput', 'there is no such batch');
    return { batch, executionArn: batch.executionArn };
  }
  const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn: given }));
  const batchId = batchOf(input);
  const batch = batchId === undefined ? undefined : await getBatch(ledger, batchId);
  if (batch === undefined) throw new UserError('badInput', 'the execution was of no batch');
  return { batch, executionArn: given };
}

function describe({ found, searched, notSearched }: LeakAnswer, canaries: number): string {
  const characters = searched.reduce((sum, one) => sum + one.characters, 0);
  const rows = found.map(({ surface, detector, count }) => [surface, detector, count]);
  return [
    ...(rows.length === 0 ? [] : [columns(['surface', 'detector', 'times'], rows), '']),
    columns(
      ['searched', 'characters'],
      searched.map((one) => [one.surface, one.characters]),
    ),
    ...notSearched.map(({ surface, why }) => `not searched: ${surface}: ${why}`),
    `${found.length === 0 ? 'nothing found' : 'FOUND'}; detectors: ${detectorCodes.length}, canaries: ${canaries}, characters: ${characters}`,
  ].join('\n');
}
