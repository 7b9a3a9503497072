import { Duration } from 'aws-cdk-lib';
import {
  Choice,
  Condition,
  Fail,
  type INextable,
  type State,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { goOn, noteRemnants } from './failure.ts';
import { stillEvaporating } from './retry-policies.ts';
import { liveRun, redriven, run } from './run.ts';
import { functionSeconds, graceSeconds, type TaskFunctions } from './task-functions.ts';
import { taskState, tokenState } from './task-state.ts';

/** What the batch is failed with, for the console. */
const told = { error: '{% $failure.code %}', cause: '{% $failure.sentence %}' } as const;

/**
 * The end of a batch that failed: the same evaporation and proof as after a success, a mail, and
 * the outcome. Each step is taken whatever became of the one before it.
 *
 * The execution ends in a task that fails, because a redrive enters that one again, where it would
 * only fail in a Fail state. It fails with the batch's own error, and does not when the execution was
 * redriven: then `reopen` follows.
 */
export function failurePath(
  scope: Construct,
  functions: TaskFunctions,
  reopen: INextable & State,
): State {
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
  const fail = tokenState(scope, 'Fail Batch', functions, {
    task: 'fail-batch',
    comment: 'Ends the execution with the error of the batch; in a redrive it goes on',
    payload: { ...liveRun, ...told },
    timeout: Timeout.duration(Duration.seconds(functionSeconds['fail-batch'] + graceSeconds)),
    // It is the function itself that answers.
    heartbeatSeconds: functionSeconds['fail-batch'],
    // The error may be one that every other task retries.
    isFinal: true,
    outputs: {},
  });
  const failed = Fail.jsonata(scope, 'Batch Failed', told);
  const isRedriven = Choice.jsonata(scope, 'Redriven?', {
    comment: 'Somebody redrove the execution: the batch goes on in a new run',
  })
    .when(Condition.jsonata(redriven), reopen)
    .otherwise(failed);

  terminate.addCatch(prove, goOn).next(prove);
  prove.addCatch(notify, noteRemnants).next(notify);
  // The sweeper sends the mail, or closes the batch, where these two could not.
  notify.addCatch(close, goOn).next(close);
  close.addCatch(fail, goOn).next(fail);
  fail.next(isRedriven);
  return terminate;
}
