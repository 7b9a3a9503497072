import { Duration } from 'aws-cdk-lib';
import { Choice, Condition, type IChainable, Pass, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { goOn, noteProblem, noteSilentProblem } from './failure.ts';
import {
  ContractError,
  KeyUnavailableError,
  PermissionError,
  QuotaExceededError,
  RunEndedError,
} from './model/errors.ts';
import { heartbeatTimeoutSeconds } from './model/worker-command.ts';
import { noCapacity } from './retry-policies.ts';
import { redriven, run } from './run.ts';
import type { TaskFunctions } from './task-functions.ts';
import { taskState, tokenState } from './task-state.ts';

/** Machines that are tried for one worker. */
export const mostAttempts = 3;

/** Errors that a fresh machine would meet again. */
const hopeless = [
  QuotaExceededError.code,
  KeyUnavailableError.code,
  PermissionError.code,
  ContractError.code,
  RunEndedError.code,
];

/**
 * A worker may wait five minutes for its boot script, which fetches its software, before it can
 * send a first heartbeat: SSM's agent answers before that.
 */
const configureHeartbeatSeconds = 300 + heartbeatTimeoutSeconds;

const slot = { ...run, workerIndex: '{% $workerIndex %}', attempt: '{% $attempt %}' };
/** The same for all that must not act in a run that is over: all but Retire Worker. */
const liveSlot = { ...slot, redriven };

/** The time of a request is for one worker's whole work; a fresh one does not get it again. */
const worthAnother = [
  `$attempt < ${mostAttempts}`,
  `$not($problem.code in ${JSON.stringify(hopeless)})`,
  "$not($problem.state = 'Process' and $problem.code = 'States.Timeout')",
].join(' and ');

/**
 * The life of one worker, an iteration of the Map: launched, awaited, checked, trusted with the
 * key, put to work. Any failure retires it, and a fresh machine takes its place.
 *
 * Its output is a `LiveWorker`, or `{ gaveUp }` when {@link mostAttempts} machines failed. That
 * fails no batch by itself: the others pull the lost worker's objects from the queue.
 */
export function workerLifecycle(scope: Construct, functions: TaskFunctions): IChainable {
  const begin = Pass.jsonata(scope, 'First Attempt', {
    comment: 'One iteration is one worker, whatever number of machines it takes',
    assign: { workerIndex: '{% $states.input.workerIndex %}', attempt: 1 },
    outputs: {},
  });
  const launch = taskState(scope, 'Launch Worker', functions, {
    task: 'launch-worker',
    comment: 'Launches a dedicated instance from the launch template',
    payload: {
      ...liveSlot,
      tenancy: '{% $plan.tenancy %}',
      instanceType: '{% $plan.instanceType %}',
    },
    assign: { instanceId: '{% $states.result.Payload.instanceId %}' },
    retry: [noCapacity],
  });
  const awaitWorker = taskState(scope, 'Await Worker', functions, {
    task: 'await-worker',
    comment: 'Waits until the instance takes commands',
    payload: { ...liveSlot, instanceId: '{% $instanceId %}' },
  });
  const configure = tokenState(scope, 'Configure Worker', functions, {
    task: 'configure-worker',
    comment: 'Has the worker check its software, scratch and swap; it has no key yet',
    payload: { ...liveSlot, instanceId: '{% $instanceId %}' },
    timeout: Timeout.duration(Duration.minutes(10)),
    heartbeatSeconds: configureHeartbeatSeconds,
  });
  const deliverKey = taskState(scope, 'Deliver Key', functions, {
    task: 'deliver-key',
    comment: 'Lets this worker decrypt this batch, by a grant on the data key',
    payload: { ...liveSlot, instanceId: '{% $instanceId %}' },
    assign: { grantToken: '{% $states.result.Payload.grantToken %}' },
  });
  const process = tokenState(scope, 'Process', functions, {
    task: 'process',
    comment: 'The worker takes objects from the queue until none is left',
    payload: {
      ...liveSlot,
      instanceId: '{% $instanceId %}',
      grantToken: '{% $grantToken %}',
      queueUrl: '{% $batch.queueUrl %}',
      pipeline: '{% $plan.pipeline %}',
      maxSeconds: '{% $plan.maxSeconds %}',
    },
    timeout: Timeout.jsonata('{% $plan.maxSeconds %}'),
    heartbeatSeconds: heartbeatTimeoutSeconds,
    outputs: {
      workerIndex: '{% $workerIndex %}',
      instanceId: '{% $instanceId %}',
      grantToken: '{% $grantToken %}',
    },
  });
  const retire = taskState(scope, 'Retire Worker', functions, {
    task: 'retire-worker',
    comment: 'Takes the key from a lost or broken worker and terminates it',
    payload: slot,
  });
  const giveUp = Pass.jsonata(scope, 'Give Up Worker', {
    comment: 'The other workers take over its objects',
    outputs: { gaveUp: '{% $problem %}' },
  });
  const tryAgain = Choice.jsonata(scope, 'Try Again?', {
    comment: 'A fresh machine, unless it would fail the same way or the time is used up',
  })
    .when(Condition.jsonata(`{% ${worthAnother} %}`), launch, {
      assign: { attempt: '{% $attempt + 1 %}' },
    })
    .otherwise(giveUp);

  for (const state of [configure, process]) state.addCatch(retire, noteSilentProblem);
  for (const state of [launch, awaitWorker, configure, deliverKey, process]) {
    state.addCatch(retire, noteProblem);
  }
  // Terminate finds a worker that could not be retired.
  retire.addCatch(tryAgain, goOn).next(tryAgain);
  return begin.next(launch).next(awaitWorker).next(configure).next(deliverKey).next(process);
}
