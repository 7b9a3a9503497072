import { Run } from '../../workflow/model/batch-plan.ts';
import { type Ended, evaporate, type EvaporationDeps } from '../evaporation/evaporate.ts';

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
  return evaporate(run, deps);
}
