import type { LiveRun } from '../workflow/model/batch-plan.ts';
import { RunEndedError } from '../workflow/model/errors.ts';

/**
 * Keeps a task from acting in a run that is over.
 *
 * A redrive enters the states again in which its execution was stopped. What they worked with is
 * gone, or the sweeper is about to end it. The machine ends the rest and opens another run.
 *
 * @throws RunEndedError when the execution was redriven since the run began.
 */
export function refuseEndedRun({ batchId, redriven }: Pick<LiveRun, 'batchId' | 'redriven'>): void {
  if (!redriven) return;
  throw new RunEndedError(`the run of batch ${batchId} was over before its execution was redriven`);
}
