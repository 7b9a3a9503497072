import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { listBatches } from '../../ledger/batches.ts';
import type { LedgerTable } from '../../ledger/table.ts';
import { endReasons } from '../../workflow/model/reason.ts';
import type { WriteEvidenceInput } from '../write-evidence/write-evidence.ts';

export interface EvidenceDeps {
  readonly lambda: LambdaClient;
  /** Name of the function that writes evidence. */
  readonly evidenceFunction: string;
  readonly table: LedgerTable;
  readonly now: () => Date;
}

/** Step Functions forgets an execution ninety days after its end; ten are left to mend what is in the way. */
const longestDays = 80;
const dayMs = 24 * 60 * 60 * 1000;

/** What one sweep asks for. More are left to the next one: Lambda would work on all of them at once. */
export const mostAtOnce = 100;

/** Has the evidence of a run written by its function, without waiting. Asking again is harmless. */
export async function askForEvidence(
  run: WriteEvidenceInput,
  { lambda, evidenceFunction }: EvidenceDeps,
): Promise<void> {
  await lambda.send(
    new InvokeCommand({
      FunctionName: evidenceFunction,
      InvocationType: 'Event',
      Payload: JSON.stringify(run),
    }),
  );
}

/**
 * Asks for the evidence of each batch that has ended and of whose last execution none is on record,
 * the newest batches first. Answers for how many.
 *
 * The event of the end has asked already: this finds what was lost on the way. A batch whose execution
 * has closed it and is about to end is among them; its evidence is left to the event.
 */
export async function askForMissingEvidence(deps: EvidenceDeps): Promise<number> {
  const { table, now } = deps;
  const earliest = new Date(now().getTime() - longestDays * dayMs).toISOString();
  let asked = 0;
  for await (const batch of listBatches(table)) {
    const { executionArn, closedAt, evidence, reason } = batch;
    if (executionArn === undefined || closedAt === undefined || closedAt < earliest) continue;
    // Of an execution that AWS has forgotten there is nothing to read.
    if (evidence !== undefined || reason === endReasons.EXPIRED) continue;
    await askForEvidence({ executionArn }, deps);
    asked += 1;
    if (asked === mostAtOnce) break;
  }
  return asked;
}
