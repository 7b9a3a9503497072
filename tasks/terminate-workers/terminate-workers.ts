import { Run } from '../../workflow/model/batch-plan.ts';
import { grantNamePrefix, queueName } from '../../workflow/model/names.ts';
import { type Ended, evaporate, type EvaporationDeps } from '../evaporation/evaporate.ts';
import { findQueue } from '../run-queue/run-queue.ts';

export const TerminateWorkersInput = Run;
export type TerminateWorkersInput = Run;

/**
 * Ends everything that a run launched or was given: its instances, its grants, its queue.
 *
 * Found by tag and name, never by ids held in state, so that it works the same after any failure.
 * A repeated call finds what the first one left.
 */
export function terminateWorkers(
  run: TerminateWorkersInput,
  deps: EvaporationDeps,
): Promise<Ended> {
  const { study, sqs } = deps;
  return evaporate(
    {
      scope: { study, ...run },
      grantPrefix: grantNamePrefix({ study, ...run }),
      findQueues: async () => {
        const url = await findQueue(sqs, queueName({ study, ...run }));
        return url === undefined ? [] : [url];
      },
    },
    deps,
  );
}
