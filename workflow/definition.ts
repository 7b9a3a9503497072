import {
  Choice,
  Condition,
  Fail,
  type IChainable,
  Map,
  ProvideItems,
  Succeed,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { failurePath } from './failure-path.ts';
import { goOn, noteFailure, noteSilentFailure } from './failure.ts';
import { mostWorkers } from './model/batch-request.ts';
import { BatchTakenError, ManifestMismatchError } from './model/errors.ts';
import { heartbeatTimeoutSeconds } from './model/worker-command.ts';
import { anotherWorker, stillEvaporating, stillOpening } from './retry-policies.ts';
import { liveRun, redriveCount, run } from './run.ts';
import type { TaskFunctions } from './task-functions.ts';
import { taskState, tokenState } from './task-state.ts';
import { workerLifecycle } from './worker-lifecycle.ts';

/**
 * Longest that an execution may take, in days: a fence behind the limits of its states.
 *
 * With the longest `maxMinutes`, a day: three attempts of a worker at a day each and an hour to get
 * there (75 h), three consolidations (72 h), opening and evaporation (4 h) are 151 h of 168 h.
 */
export const mostDays = 7;

/**
 * The lifecycle of a batch, from request to evaporation: its states in the order of the story, then
 * how they follow each other.
 *
 * The work itself is pulled from a queue by the workers, so states and history grow with workers
 * and never with objects. After Open Batch every end passes a Terminate: the main path's, or the
 * failure path's, whose last states go on with Open Batch when somebody redrives the execution.
 */
export function batchLifecycle(scope: Construct, functions: TaskFunctions): IChainable {
  const validate = taskState(scope, 'Validate Request', functions, {
    task: 'validate-request',
    comment: 'Holds the request against the batch and fills in what it leaves out',
    payload: { request: '{% $states.input %}', executionArn: run.executionArn },
    assign: { plan: '{% $states.result.Payload %}' },
  });
  const open = taskState(scope, 'Open Batch', functions, {
    task: 'open-batch',
    comment: 'Freezes the batch for this execution and fills its queue: a run begins',
    payload: {
      ...run,
      redrive: redriveCount,
      pipeline: '{% $plan.pipeline %}',
      retry: '{% $plan.retry %}',
    },
    assign: { batch: '{% $states.result.Payload %}', redrive: redriveCount },
    retry: [stillOpening],
  });
  const notifyWorking = taskState(scope, 'Notify Working', functions, {
    task: 'notify',
    comment: 'Mail: machines start to work with PHI',
    payload: {
      ...liveRun,
      kind: 'working',
      objects: '{% $batch.objects %}',
      workers: '{% $plan.workers %}',
    },
  });
  const workers = Map.jsonata(scope, 'Workers', {
    comment: 'One iteration per worker; their end is the barrier before consolidation',
    items: ProvideItems.jsonata('{% [0..$plan.workers - 1] %}'),
    itemSelector: { workerIndex: '{% $states.context.Map.Item.Value %}' },
    // The most that an inline Map runs at once; Validate Request lets no more through.
    maxConcurrency: mostWorkers,
    assign: {
      workers: '{% [$states.result[$exists(instanceId)]] %}',
      losses: '{% [$states.result.gaveUp] %}',
    },
    outputs: {},
  }).itemProcessor(workerLifecycle(scope, functions));
  const anyWorkerLeft = Choice.jsonata(scope, 'Any Worker Left?', {
    comment: 'A worker given up costs time; the batch fails only without any',
  });
  const consolidate = tokenState(scope, 'Consolidate', functions, {
    task: 'consolidate',
    comment: 'A live worker makes the one result, or finds that too many objects failed',
    payload: {
      ...liveRun,
      workers: '{% $workers %}',
      retries: '{% $states.context.State.RetryCount %}',
      pipeline: '{% $plan.pipeline %}',
      maxSeconds: '{% $plan.maxSeconds %}',
      tolerateFailedObjects: '{% $plan.tolerateFailedObjects %}',
    },
    timeout: Timeout.jsonata('{% $plan.maxSeconds %}'),
    heartbeatSeconds: heartbeatTimeoutSeconds,
    assign: { consolidated: '{% $states.result %}' },
    outputs: {},
    retry: [anotherWorker],
  });
  const notifyDone = taskState(scope, 'Notify Done', functions, {
    task: 'notify',
    comment: 'Mail: the results are stored',
    payload: {
      ...liveRun,
      kind: 'done',
      objects: '{% $consolidated.objects %}',
      done: '{% $consolidated.done %}',
      failed: '{% $consolidated.failed %}',
      workers: '{% $count($workers) %}',
    },
  });
  const terminate = taskState(scope, 'Terminate', functions, {
    task: 'terminate-workers',
    comment: 'Takes the key away, terminates the instances, deletes the queue',
    payload: run,
  });
  const prove = taskState(scope, 'Prove Evaporated', functions, {
    task: 'prove-evaporated',
    comment: 'Looks for all that could be left, and finds nothing',
    payload: run,
    assign: { proof: '{% $states.result.Payload %}' },
    retry: [stillEvaporating],
  });
  const notifyEvaporated = taskState(scope, 'Notify Evaporated', functions, {
    task: 'notify',
    comment: 'Mail: nothing that the batch started exists any more',
    payload: { ...liveRun, kind: 'evaporated' },
  });
  const close = taskState(scope, 'Close Batch', functions, {
    task: 'close-batch',
    comment: 'Writes the outcome on the batch',
    payload: { ...liveRun, outcome: 'SUCCEEDED' },
  });
  const succeeded = Succeed.jsonata(scope, 'Batch Succeeded', {
    outputs: {
      batchId: '{% $plan.batchId %}',
      objects: '{% $consolidated.objects %}',
      done: '{% $consolidated.done %}',
      failed: '{% $consolidated.failed %}',
      workers: '{% $count($workers) %}',
      resultKey: '{% $consolidated.resultKey %}',
      evaporated: '{% $proof %}',
    },
  });
  const refused = Fail.jsonata(scope, 'Batch Refused', {
    comment: 'Nothing was launched, and nothing of the batch was changed',
    error: '{% $failure.code %}',
    cause: '{% $failure.sentence %}',
  });
  const afterFailure = failurePath(scope, functions, open);

  validate.addCatch(refused, noteFailure);
  // Open Batch throws these two before it changes anything.
  const unopened = [BatchTakenError.code, ManifestMismatchError.code];
  open.addCatch(refused, { ...noteFailure, errors: unopened });
  open.addCatch(afterFailure, {
    ...noteFailure,
    assign: { ...noteFailure.assign, redrive: redriveCount },
  });
  consolidate.addCatch(afterFailure, noteSilentFailure);
  // Nobody works with PHI unannounced: a mail that cannot go out fails the batch only here.
  for (const state of [notifyWorking, workers, consolidate, terminate, prove, close]) {
    state.addCatch(afterFailure, noteFailure);
  }
  notifyDone.addCatch(terminate, goOn);
  notifyEvaporated.addCatch(close, goOn);
  anyWorkerLeft.when(Condition.jsonata('{% $count($workers) = 0 %}'), afterFailure, {
    assign: { failure: { code: '{% $losses[0].code %}', sentence: '{% $losses[0].sentence %}' } },
  });

  validate.next(open).next(notifyWorking).next(workers).next(anyWorkerLeft);
  anyWorkerLeft.otherwise(consolidate);
  consolidate.next(notifyDone).next(terminate).next(prove);
  prove.next(notifyEvaporated).next(close).next(succeeded);
  return validate;
}
