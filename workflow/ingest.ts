import { Duration } from 'aws-cdk-lib';
import {
  Choice,
  Condition,
  Fail,
  type IChainable,
  Succeed,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { noteIngestFailure, noteSilentPoller } from './ingest-failure.ts';
import { ingestFailurePath } from './ingest-failure-path.ts';
import type { IngestFunctions } from './ingest-functions.ts';
import { ingestRun, troubleMail } from './ingest-run.ts';
import { goOn } from './failure.ts';
import { IngestBusyError, RequestRefusedError } from './model/errors.ts';
import { heartbeatTimeoutSeconds } from './model/worker-command.ts';
import { taskState, tokenState } from './task-state.ts';

/** How long a poller begins new work; a backlog that takes longer is the next run's. */
export const pollSeconds = 600;

/** How long a poller may take to end after that: the object under way, and the batches to be sealed. */
export const pollEndSeconds = 300;

/**
 * Longest that an execution may take, in hours: a fence behind the limits of its states, because no
 * other run polls while this one is on.
 *
 * Seven polls that end at the last moment because AWS does not answer, and six calls that Lambda ends:
 * 7 x 900 + 6 x 30 + 183 s of waits are 6,663 s. The six other states, thirteen calls of each to its
 * function's limit: 13 x 720 + 6 x 183 are 10,458 s. Together 17,121 s of 18,000 s.
 */
export const mostIngestHours = 5;

/**
 * A run of the sensor ingest: one poll on the workbench (E), what it found missing, and a mail where
 * something is wrong.
 *
 * Started on a schedule, with `{}`, or by a person, with the days to seal: `{"seal":["2026-11-23"]}`.
 * Nothing but ids, codes and counts is in its state.
 */
export function ingestLifecycle(scope: Construct, functions: IngestFunctions): IChainable {
  const check = taskState(scope, 'Check Workbench', functions, {
    task: 'check-workbench',
    comment: 'Finds the workbench, and no other run that is on',
    payload: {
      ...ingestRun,
      stateMachineArn: '{% $states.context.StateMachine.Id %}',
      request: '{% $states.input %}',
    },
    assign: { workbench: '{% $states.result.Payload %}' },
  });
  const poll = tokenState(scope, 'Poll', functions, {
    task: 'poll-sensors',
    comment: 'The poller takes messages from the queue and stores them until none is left',
    payload: {
      executionArn: ingestRun.executionArn,
      instanceId: '{% $workbench.instanceId %}',
      seal: '{% $workbench.seal %}',
      maxSeconds: pollSeconds,
    },
    timeout: Timeout.duration(Duration.seconds(pollSeconds + pollEndSeconds)),
    heartbeatSeconds: heartbeatTimeoutSeconds,
    assign: { poll: '{% $states.result %}' },
    outputs: {},
  });
  const record = taskState(scope, 'Record Poll', functions, {
    task: 'record-poll',
    comment: 'Writes what the poller answered into the sensor ledger',
    payload: { ...ingestRun, beganAt: '{% $workbench.checkedAt %}', poll: '{% $poll %}' },
  });
  const report = taskState(scope, 'Report Gaps', functions, {
    task: 'report-gaps',
    comment: 'Finds what is missing: silent devices, lost numbers, messages that wait too long',
    payload: ingestRun,
    assign: { report: '{% $states.result.Payload %}' },
  });
  const anyTrouble = Choice.jsonata(scope, 'Any Trouble?', {
    comment: 'Something that a person should know',
  });
  const notify = taskState(scope, 'Notify Trouble', functions, {
    task: 'notify-trouble',
    comment: 'Mail: the codes of what is wrong, unless they were told within a day',
    payload: troubleMail,
  });
  const done = Succeed.jsonata(scope, 'Ingest Done', {
    outputs: {
      ended: '{% $poll.ended %}',
      stored: '{% $poll.stored %}',
      objects: '{% $poll.objects %}',
      sealed: '{% $poll.sealed %}',
      troubles: '{% $report.troubles %}',
    },
  });
  const busy = Succeed.jsonata(scope, 'Another Run Is On', {
    comment: 'An older run polls; this one has done nothing',
    outputs: {},
  });
  const refused = Fail.jsonata(scope, 'Ingest Refused', {
    comment: 'The input is neither empty nor a list of days; nothing was done',
    error: '{% $failure.code %}',
    cause: '{% $failure.sentence %}',
  });
  const afterFailure = ingestFailurePath(scope, functions);

  check.addCatch(busy, { ...goOn, errors: [IngestBusyError.code] });
  check.addCatch(refused, { ...noteIngestFailure, errors: [RequestRefusedError.code] });
  poll.addCatch(afterFailure, noteSilentPoller);
  for (const state of [check, poll, record, report, notify]) {
    state.addCatch(afterFailure, noteIngestFailure);
  }
  check.next(poll).next(record).next(report).next(anyTrouble);
  anyTrouble.when(Condition.jsonata('{% $count($report.troubles) > 0 %}'), notify).otherwise(done);
  notify.next(done);
  return check;
}
