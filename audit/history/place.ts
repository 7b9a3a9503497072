import { EvidenceError } from '../evidence-error.ts';
import type { HistoryEvent } from './history-event.ts';
import type { Stretch, Try, Visit, VisitOutcome } from './visit.ts';

/** Where an event stands: what its successors inherit. */
export interface Place {
  readonly visit?: Visit | undefined;
  /** The Map's stay, inside of it. */
  readonly map?: Visit | undefined;
  readonly worker?: number | undefined;
  readonly attempt?: number | undefined;
}

/** Events that fail a try. */
export const failures: Readonly<Record<string, VisitOutcome>> = {
  TaskFailed: 'failed',
  TaskTimedOut: 'failed',
  TaskStartFailed: 'failed',
  TaskSubmitFailed: 'failed',
};

/** How an event ends the execution. */
export const ends: Readonly<Record<string, Stretch['status']>> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionAborted: 'ABORTED',
  ExecutionTimedOut: 'TIMED_OUT',
};

/** How an event ends a Map's iteration. */
export const iterationEnds: Readonly<Record<string, VisitOutcome>> = {
  MapIterationSucceeded: 'succeeded',
  MapIterationFailed: 'failed',
  MapIterationAborted: 'aborted',
};

/** Ends a stay, and what was under way in it. */
export function end(visit: Visit, at: Date, outcome: VisitOutcome): void {
  visit.ended = at;
  visit.outcome = outcome;
  const last = visit.tries.at(-1);
  if (last?.outcome === 'running') endTry(last, at, 'aborted');
}

/** Ends a try. */
export function endTry(one: Try, at: Date, outcome: VisitOutcome): void {
  one.ended = at;
  one.outcome = outcome;
}

/** The stay that an event is in. */
export function openVisit(event: HistoryEvent, { visit }: Place): Visit {
  if (visit?.outcome !== 'running') throw misplaced(event, 'no state was entered');
  return visit;
}

/** The Map that an event is inside of. */
export function mapOf(event: HistoryEvent, { map }: Place): Visit {
  if (map === undefined) throw misplaced(event, 'no Map was started');
  return map;
}

/** The refusal of an event that cannot follow those before it. */
export function misplaced({ id, type }: HistoryEvent, why: string): EvidenceError {
  return new EvidenceError(`event ${id} of the history (${type}) is out of place: ${why}`);
}
