import process from 'node:process';
import type { Command } from 'commander';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SQSClient } from '@aws-sdk/client-sqs';
import {
  type Existing,
  findLeftovers,
  type Leftovers,
} from '../../audit/questions/find-leftovers.ts';
import { adviceOn } from '../../audit/questions/leftover-advice.ts';
import { connections, openDeployment } from '../deployment.ts';
import { exitCodes } from '../exit-codes.ts';
import { runCommand } from '../run-command.ts';

const epilogue = `
Looks by tag and by name for instances, volumes, network interfaces, snapshots and
queues of batches, and at every grant on the data key. What is of an execution that
runs may be there, and so may the long-lived instances (workbench, bastion): they are
counted. Anything else is left over, and then the exit code is 1. What carries no tag
and no name of the study is not found.`;

/** `czar audit leftovers`: what exists and should not. */
export function addAuditLeftoversCommand(audit: Command): void {
  audit
    .command('leftovers')
    .summary('what exists now and should not')
    .description('Looks, now, for anything of the study that belongs to no running execution.')
    .addHelpText('after', epilogue)
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { kms, sfn, settings } = await openDeployment(study);
        const ec2 = new EC2Client(connections);
        const sqs = new SQSClient(connections);
        const { stateMachineArn, dataKeyArn } = settings;
        const sources = { study, stateMachineArn, dataKeyArn, ec2, kms, sfn, sqs };
        const found = await findLeftovers({ ...sources, now: () => new Date() });
        const left = found.left.map((one) => ({ ...one, advice: adviceOn(one) }));
        output.result({ ...found, left }, describe(found));
        if (left.length > 0) process.exitCode = exitCodes.failed;
      }),
    );
}

function describe({ left, running, longLived, executions, lookedAt }: Leftovers): string {
  const may = `what may be there: ${running.length} of running executions (${executions}), ${longLived.length} of long-lived instances`;
  if (left.length === 0) return `nothing is left (looked ${lookedAt}); ${may}`;
  return `${left.map(line).join('\n')}\nleft: ${left.length} (looked ${lookedAt}); ${may}`;
}

function line(one: Existing): string {
  const { kind, id, state, since, batchId } = one;
  const row = [
    kind,
    id,
    state ?? '-',
    since === undefined ? 'since when is not told' : `since ${since}`,
    `batch ${batchId ?? '-'}`,
  ];
  return `${row.join('  ')}\n  ${adviceOn(one)}`;
}
