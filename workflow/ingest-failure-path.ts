import { Fail, type State } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { goOn } from './failure.ts';
import { noteNoReport } from './ingest-failure.ts';
import type { IngestFunctions } from './ingest-functions.ts';
import { ingestRun, troubleMail } from './ingest-run.ts';
import { taskState } from './task-state.ts';

/**
 * The end of an ingest run that failed: the same report and mail as after a poll that went well, and
 * then a Fail. Each step is taken whatever became of the one before it.
 *
 * States of its own, and no Choice at the end of one path for both: so the graph alone shows, to a
 * person and to the static checks, that no failure ends green.
 */
export function ingestFailurePath(scope: Construct, functions: IngestFunctions): State {
  const report = taskState(scope, 'Report Gaps After Failure', functions, {
    task: 'report-gaps',
    comment: 'Reports what is known without the poll, and that it failed',
    payload: {
      ...ingestRun,
      failure: { state: '{% $failure.state %}', code: '{% $failure.code %}' },
    },
    assign: { report: '{% $states.result.Payload %}' },
  });
  const notify = taskState(scope, 'Notify Failure', functions, {
    task: 'notify-trouble',
    comment: 'Mail: the codes of what is wrong, unless they were told within a day',
    payload: troubleMail,
  });
  const failed = Fail.jsonata(scope, 'Ingest Failed', {
    error: '{% $failure.code %}',
    cause: '{% $failure.sentence %}',
  });

  report.addCatch(notify, noteNoReport).next(notify);
  notify.addCatch(failed, goOn).next(failed);
  return report;
}
