import type { IngestFailure } from '../../ingest/model/ingest-run.ts';
import type { Trouble } from '../../ingest/model/sensor-items.ts';
import { WorkbenchStoppedError, WorkbenchUnreachableError } from '../../workflow/model/errors.ts';
import { isKnownReason } from '../../workflow/model/reason.ts';

/** The trouble that a run's failure is. */
export function failureTrouble({ state, code }: IngestFailure): Trouble {
  if (code === WorkbenchStoppedError.code) return 'WORKBENCH_STOPPED';
  if (code === WorkbenchUnreachableError.code) return 'WORKBENCH_UNREACHABLE';
  return state === 'Poll' ? 'POLL_FAILED' : 'RUN_FAILED';
}

/**
 * A failure as it may be written down: by an error's name only if it is a known one, ours or AWS's. What
 * a poller answers may be anything, in the form of a name, too.
 */
export function namedFailure({ state, code }: { state: string; code: string }): IngestFailure {
  return { state, code: isKnownReason(code) ? code : 'UnexpectedError' };
}
