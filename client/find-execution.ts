import { getBatch } from '../ledger/batches.ts';
import type { Deployment } from './deployment.ts';
import { UserError } from './exit-codes.ts';

/**
 * The execution that a command is about: the one that was given, or of a batch the last to open it.
 *
 * @throws UserError where there is no such batch, or no execution has opened it.
 */
export async function findExecution(ledger: Deployment['ledger'], given: string): Promise<string> {
  if (given.startsWith('arn:')) return given;
  const batch = await getBatch(ledger, given);
  if (batch?.executionArn !== undefined) return batch.executionArn;
  const why = batch === undefined ? 'there is no such batch' : 'no execution has opened this batch';
  throw new UserError('badInput', why);
}
