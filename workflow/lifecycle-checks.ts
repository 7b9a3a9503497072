import type { CheckOptions } from './checks/check-definition.ts';
import { BatchTakenError, ManifestMismatchError } from './model/errors.ts';
import type { TaskName } from './task-functions.ts';

/** What the static checks have to know about a machine and cannot read in it. */
export type MachineFacts = Omit<CheckOptions, 'throwableErrors'>;

/**
 * What the static checks have to know about the lifecycle of a batch.
 *
 * `nameOf` answers how the definition names a task's function.
 */
export function lifecycleFacts(nameOf: (task: TaskName) => string): MachineFacts {
  return {
    // Open Batch makes the queue and marks the batch as running.
    launching: { states: ['Open Batch'], functions: [nameOf('launch-worker')] },
    terminating: { functions: [nameOf('terminate-workers')] },
    refusals: { 'Open Batch': [BatchTakenError.code, ManifestMismatchError.code] },
    failureStates: ['Terminate After Failure'],
    toleratedFailures: {
      'Notify Done': 'The results are there, mail or not.',
      'Notify Evaporated': 'The proof is there, mail or not.',
      'Retire Worker': 'Terminate finds a worker that could not be retired.',
      'Give Up Worker': 'Its output tells; without any worker left the batch fails.',
    },
  };
}
