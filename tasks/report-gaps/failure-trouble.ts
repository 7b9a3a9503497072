import { IngestFailure } from '../../ingest/model/ingest-run.ts';
import type { Trouble } from '../../ingest/model/sensor-items.ts';
import { WorkbenchStoppedError, WorkbenchUnreachableError } from '../../workflow/model/errors.ts';

/** The trouble that a run's failure is. */
export function failureTrouble({ state, code }: IngestFailure): Trouble {
  if (code === WorkbenchStoppedError.code) return 'WORKBENCH_STOPPED';
  if (code === WorkbenchUnreachableError.code) return 'WORKBENCH_UNREACHABLE';
  return state === 'Poll' ? 'POLL_FAILED' : 'RUN_FAILED';
}

/**
 * A failure as it may be written down: an error's name only if it is one. AWS's are, and so are ours;
 * what a poller answers need not be.
 */
export function namedFailure({ state, code }: { state: string; code: string }): IngestFailure {
  const isName = IngestFailure.shape.code.safeParse(code).success;
  return { state, code: isName ? code : 'UnexpectedError' };
}
