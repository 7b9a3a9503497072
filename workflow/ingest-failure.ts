import { type CatchProps, Errors } from 'aws-cdk-lib/aws-stepfunctions';
import { sentence } from './failure.ts';

const state = '{% $states.context.State.Name %}';

/** Notes why an ingest run fails, and in which state: what its report tells, and its end. */
export const noteIngestFailure: CatchProps = {
  outputs: {},
  assign: {
    failure: { state, code: '{% $states.errorOutput.Error %}', sentence: `{% ${sentence} %}` },
  },
};

/** Notes that the poller fell silent. To be added before the other. */
export const noteSilentPoller: CatchProps = {
  errors: [Errors.HEARTBEAT_TIMEOUT],
  outputs: {},
  assign: {
    failure: { state, code: Errors.HEARTBEAT_TIMEOUT, sentence: 'the poller sent no heartbeat' },
  },
};

/** What stands for a report that could not be made: that there is trouble is known all the same. */
export const noteNoReport: CatchProps = {
  outputs: {},
  assign: { report: { troubles: [{ code: 'RUN_FAILED', count: 1 }], newestSilenceAt: null } },
};
