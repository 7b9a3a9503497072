import { DescribeExecutionCommand, ExecutionDoesNotExist } from '@aws-sdk/client-sfn';
import { batchOf } from '../../audit/compose-run-record.ts';
import { getBatch } from '../../ledger/batches.ts';
import { executionHash } from '../../workflow/model/names.ts';
import type { Deployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';
import { findExecution } from '../find-execution.ts';

/** The run whose evidence is wanted. */
export interface EvidenceRun {
  readonly executionArn: string;
  readonly executionHash: string;
  readonly batchId: string | undefined;
  readonly redrive: number;
}

/**
 * Finds the last run of an execution: the one given, or of a batch the execution that opened it last.
 *
 * Step Functions forgets an execution after 90 days; of a batch, the ledger still knows.
 *
 * @throws UserError where it still runs, or neither of them knows it.
 */
export async function findRun(
  { sfn, ledger }: Pick<Deployment, 'sfn' | 'ledger'>,
  given: string,
): Promise<EvidenceRun> {
  const executionArn = await findExecution(ledger, given);
  const of = { executionArn, executionHash: executionHash(executionArn) };
  try {
    const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (found.status === 'RUNNING' || found.status === 'PENDING_REDRIVE') {
      throw new UserError('badInput', 'the execution has not ended: there is evidence when it has');
    }
    return { ...of, batchId: batchOf(found.input), redrive: found.redriveCount ?? 0 };
  } catch (error) {
    if (!(error instanceof ExecutionDoesNotExist)) throw error;
    const batch = given.startsWith('arn:') ? undefined : await getBatch(ledger, given);
    if (batch === undefined) {
      throw new UserError(
        'badInput',
        'Step Functions knows no such execution: after 90 days, name the batch instead',
        { cause: error },
      );
    }
    return { ...of, batchId: given, redrive: batch.redrive ?? 0 };
  }
}
