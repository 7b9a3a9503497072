import type { RunRecord, StateVisit } from '../../audit/run-record.ts';
import { grouped } from '../../audit/report/words.ts';
import type { Progress } from './followed-run.ts';
import { meaningOf } from './error-meanings.ts';

/**
 * Why a run did not succeed, in one sentence; undefined where it did, or runs.
 *
 * Told from states and codes: what an error's message says is never shown.
 */
export function reasonOf(record: RunRecord, progress: Progress | undefined): string | undefined {
  const { status, error } = record.execution;
  const last = record.runs.at(-1)?.redrive ?? 0;
  const visits = record.states.filter(({ redrive }) => redrive === last);
  switch (status) {
    case 'RUNNING':
    case 'SUCCEEDED':
      return undefined;
    case 'ABORTED':
      return `Somebody stopped the run${inside(visits)}.`;
    case 'TIMED_OUT':
      return `The run took longer than it may${inside(visits)}.`;
    case 'FAILED': {
      if (error === undefined) return 'The run failed, and its history tells no error.';
      const where = originOf(visits, error);
      const by = where === undefined ? 'The run failed' : `${placeOf(where)} failed`;
      return `${by}: ${meaningOf(error)}${objectsIn(error, progress)} (${error}).`;
    }
  }
}

/** The first state that an error came out of, before it was passed on to the end. */
function originOf(visits: readonly StateVisit[], error: string): StateVisit | undefined {
  return visits.find((visit) => visit.error === error && visit.type !== 'Fail');
}

const placeOf = ({ state, worker }: StateVisit): string =>
  worker === undefined ? state : `${state} of worker ${worker.index + 1}`;

/** The states that were cut short. */
function inside(visits: readonly StateVisit[]): string {
  const cut = visits.findLast(({ outcome, type }) => outcome === 'aborted' && type !== 'Map');
  return cut === undefined ? '' : ` in ${placeOf(cut)}`;
}

function objectsIn(error: string, progress: Progress | undefined): string {
  if (error !== 'ObjectsFailedError' || progress === undefined) return '';
  return `, ${grouped(progress.counts.FAILED)} of ${grouped(progress.objects)}`;
}
