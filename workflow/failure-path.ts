import { Fail, type State } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { goOn, noteRemnants } from './failure.ts';
import { stillEvaporating } from './retry-policies.ts';
import { run } from './run.ts';
import type { TaskFunctions } from './task-functions.ts';
import { taskState } from './task-state.ts';

/**
 * The end of a batch that failed: the same evaporation and proof as after a success, a mail, and
 * the outcome. Each step is taken whatever became of the one before it.
 */
export function failurePath(scope: Construct, functions: TaskFunctions): State {
  const terminate = taskState(scope, 'Terminate After Failure', functions, {
    task: 'terminate-workers',
    comment: 'Takes the key away, terminates the instances, deletes the queue',
    payload: run,
  });
  const prove = taskState(scope, 'Prove Evaporated After Failure', functions, {
    task: 'prove-evaporated',
    comment: 'Looks for all that could be left; the sweeper goes on where something is',
    payload: run,
    retry: [stillEvaporating],
  });
  const notify = taskState(scope, 'Notify Failed', functions, {
    task: 'notify',
    comment: 'Mail: the batch failed, and why',
    payload: { ...run, kind: 'failed', reason: '{% $failure.code %}' },
  });
  const close = taskState(scope, 'Close Failed Batch', functions, {
    task: 'close-batch',
    comment: 'Writes the outcome on the batch',
    payload: { ...run, outcome: 'FAILED', reason: '{% $failure.code %}' },
  });
  const failed = Fail.jsonata(scope, 'Batch Failed', {
    error: '{% $failure.code %}',
    cause: '{% $failure.sentence %}',
  });

  terminate.addCatch(prove, goOn).next(prove);
  prove.addCatch(notify, noteRemnants).next(notify);
  // The sweeper sends the mail, or closes the batch, where these two could not.
  notify.addCatch(close, goOn).next(close);
  close.addCatch(failed, goOn).next(failed);
  return terminate;
}
