import type { Command } from 'commander';
import { getBatch, listBatches } from '../../ledger/batches.ts';
import { listObjects } from '../../ledger/objects.ts';
import type { BatchItem, ObjectItem } from '../../workflow/model/ledger-items.ts';
import { batchId } from '../arguments.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { runCommand } from '../run-command.ts';

/** Failures that a person is shown; `--json` has all. */
const mostShown = 20;

const epilogue = `
States of a batch: UPLOADING, SEALED (it can be started), OPEN (it runs), SUCCEEDED,
FAILED. Needs the right to read the ledger: a researcher's, operator's or auditor's.`;

/** `czar status`: what the ledger says of a batch, or of all. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .summary('what the ledger says of a batch, or of all')
    .description('Tells the state of a batch, its objects by state, and why objects failed.')
    .argument('[batch]', "a batch's id; without it, all batches are listed", batchId)
    .addHelpText('after', epilogue)
    .action((id: string | undefined, _options: unknown, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const deployment = await openDeployment(study);
        if (id === undefined) await tellAll(deployment, output);
        else await tellOne(deployment, id, output);
      }),
    );
}

async function tellAll({ ledger }: Deployment, output: Output): Promise<void> {
  const batches = await Array.fromAsync(listBatches(ledger));
  const rows = batches.map(
    ({ batchId, state, createdAt, objects }) =>
      `${batchId}  ${state.padEnd(9)}  ${createdAt}  ${objects ?? '-'} objects`,
  );
  output.result({ batches }, rows.length === 0 ? 'no batches' : rows.join('\n'));
}

type FailedObject = Pick<ObjectItem, 'objectId' | 'reason' | 'pipelineReason'>;

async function tellOne({ ledger }: Deployment, id: string, output: Output): Promise<void> {
  const batch = await getBatch(ledger, id);
  if (batch === undefined) throw new UserError('badInput', 'there is no such batch');
  const counts = { REGISTERED: 0, CLAIMED: 0, DONE: 0, FAILED: 0 };
  const failures: FailedObject[] = [];
  for await (const { objectId, state, reason, pipelineReason } of listObjects(ledger, id)) {
    counts[state] += 1;
    if (state === 'FAILED') failures.push({ objectId, reason, pipelineReason });
  }
  output.result({ ...batch, counts, failures }, describe(batch, counts, failures));
}

function describe(
  { batchId, state, reason, executionArn }: BatchItem,
  counts: Readonly<Record<ObjectItem['state'], number>>,
  failures: readonly FailedObject[],
): string {
  const because = reason === undefined || reason === '' ? '' : ` (${reason})`;
  const lines = [
    `batch ${batchId}: ${state}${because}`,
    ...(executionArn === undefined ? [] : [`execution: ${executionArn}`]),
    `objects: ${counts.DONE} done, ${counts.FAILED} failed, ${counts.CLAIMED} in work, ${counts.REGISTERED} waiting`,
    ...failures
      .slice(0, mostShown)
      .map(({ objectId, reason: why = '-', pipelineReason = '' }) =>
        `  ${objectId}  ${why} ${pipelineReason}`.trimEnd(),
      ),
  ];
  if (failures.length > mostShown) lines.push(`  and ${failures.length - mostShown} more`);
  return lines.join('\n');
}
