import * as z from 'zod';
import { EvidenceError } from '../evidence-error.ts';
import type { HistoryEvent, StateType } from './history-event.ts';
import {
  end,
  endTry,
  ends,
  failures,
  iterationEnds,
  mapOf,
  misplaced,
  openVisit,
  type Place,
} from './place.ts';
import type { Iteration, Stretch, Visit } from './visit.ts';

/** What a history tells: every stay in a state, in the order in which they were entered. */
export interface Folded {
  readonly visits: readonly Visit[];
  readonly iterations: readonly Iteration[];
  readonly stretches: readonly Stretch[];
}

const Attempt = z.coerce.number().pipe(z.int().min(1));

/**
 * Folds an execution's history into stays in states, given whole and in order.
 *
 * An event belongs to the stay that it descends from along `previousEventId`; so what the forty
 * workers of a batch do at the same time comes apart again.
 *
 * @throws EvidenceError where an event is missing, repeated, or cannot follow those before it.
 */
export function foldHistory(events: Iterable<HistoryEvent>): Folded {
  const fold = new Fold();
  for (const event of events) fold.add(event);
  return fold;
}

class Fold implements Folded {
  readonly visits: Visit[] = [];
  readonly iterations: Iteration[] = [];
  readonly stretches: Stretch[] = [];
  readonly #places = new Map<number, Place>([[0, {}]]);
  /** Stays whose last event was a failure: what leaves one of them is a Catch. */
  readonly #failing = new Set<Visit>();

  add(event: HistoryEvent): void {
    const { id, previousId } = event;
    if (id !== this.#places.size) {
      throw new EvidenceError(
        `event ${id} of the history (${event.type}) stands where event ${this.#places.size} belongs`,
      );
    }
    const before = this.#places.get(previousId);
    if (before === undefined || previousId >= id) throw misplaced(event, 'it follows no event');
    if (!event.type.startsWith('Execution')) this.#refuseAfterEnd(event);
    this.#places.set(id, this.#place(event, before));
  }

  get #stretch(): Stretch | undefined {
    return this.stretches.at(-1);
  }

  #refuseAfterEnd(event: HistoryEvent): void {
    if (this.#stretch?.status !== 'RUNNING') throw misplaced(event, 'the execution does not run');
  }

  #place(event: HistoryEvent, before: Place): Place {
    const { type } = event;
    if (type.startsWith('Execution')) return this.#turn(event);
    if (type.endsWith('StateEntered')) return this.#enter(event, before);
    if (type.endsWith('StateExited')) return this.#exit(event, before);
    if (type.startsWith('MapIteration')) return this.#iterate(event, before);
    if (type === 'EvaluationFailed') return this.#failExpression(event, before);
    if (type.startsWith('MapState')) return this.#map(event, before);
    if (type === 'TaskStateAborted') {
      end(openVisit(event, before), event.at, 'aborted');
      return before;
    }
    return this.#task(event, before);
  }

  /** The execution starts, is redriven, or ends. */
  #turn(event: HistoryEvent): Place {
    const { type, at, error, redriveCount: redrive = 0 } = event;
    if (type === 'ExecutionStarted' || type === 'ExecutionRedriven') {
      if (this.#stretch?.status === 'RUNNING' || redrive !== this.stretches.length) {
        throw misplaced(event, 'the execution cannot begin here');
      }
      this.stretches.push({ redrive, started: at, status: 'RUNNING' });
      return {};
    }
    const stretch = this.#stretch;
    if (stretch?.status !== 'RUNNING') throw misplaced(event, 'the execution does not run');
    stretch.status = ends[type] ?? 'FAILED';
    stretch.ended = at;
    if (error !== undefined) stretch.error = error;
    for (const visit of this.visits.filter(({ outcome }) => outcome === 'running')) {
      const isFailed = visit.type === 'Fail' || this.#failing.has(visit);
      end(visit, at, isFailed ? 'failed' : 'aborted');
      if (visit.type === 'Fail' && error !== undefined) visit.error = error;
    }
    for (const iteration of this.iterations.filter(({ outcome }) => outcome === 'running')) {
      iteration.outcome = 'aborted';
      iteration.ended = at;
    }
    return {};
  }

  #enter(event: HistoryEvent, before: Place): Place {
    const { id, at, state = '', type } = event;
    if (before.visit?.outcome === 'running') {
      throw misplaced(event, 'the state before it has not been left');
    }
    const { map, worker: index, attempt = 1 } = before;
    this.#reopen({ map, worker: index }, this.#stretch?.redrive ?? 0);
    const visit: Visit = {
      id,
      ...(before.visit !== undefined && { cameFrom: before.visit.id }),
      state,
      // The type of the event says it: `TaskStateEntered`.
      type: type.slice(0, -'StateEntered'.length) as StateType,
      redrive: this.#stretch?.redrive ?? 0,
      ...(index !== undefined && { worker: { index, attempt } }),
      entered: at,
      outcome: 'running',
      tries: [],
    };
    this.visits.push(visit);
    return { ...before, visit };
  }

  #exit(event: HistoryEvent, before: Place): Place {
    const visit = event.type === 'MapStateExited' ? mapOf(event, before) : openVisit(event, before);
    if (visit.state !== event.state) throw misplaced(event, 'another state was entered');
    const isCaught = this.#failing.delete(visit);
    end(visit, event.at, isCaught ? 'caught' : 'succeeded');
    if (!isCaught) delete visit.error;
    if (event.output !== undefined) visit.output = event.output;
    const attempt = Attempt.safeParse(event.assigned?.attempt).data;
    if (visit.type === 'Map') return { visit };
    return { ...before, visit, ...(attempt !== undefined && { attempt }) };
  }

  #iterate(event: HistoryEvent, before: Place): Place {
    const map = mapOf(event, before);
    const { type, at, index: worker = 0 } = event;
    if (type === 'MapIterationStarted') {
      const redrive = this.#stretch?.redrive ?? 0;
      this.iterations.push({ worker, redrive, started: at, outcome: 'running' });
      return { map, worker, attempt: 1 };
    }
    const iteration = this.iterations.findLast((each) => each.worker === worker);
    if (iteration === undefined) throw misplaced(event, 'the iteration was not started');
    iteration.ended = at;
    iteration.outcome = iterationEnds[type] ?? 'aborted';
    return { ...before, map };
  }

  #map(event: HistoryEvent, before: Place): Place {
    if (event.type === 'MapStateStarted') {
      const map = openVisit(event, before);
      if (map.type !== 'Map') throw misplaced(event, 'no Map was entered');
      return { visit: map, map };
    }
    const map = mapOf(event, before);
    if (event.type === 'MapStateFailed') {
      this.#failing.add(map);
      map.error = this.#lastError() ?? 'States.TaskFailed';
    }
    if (event.type === 'MapStateAborted') end(map, event.at, 'aborted');
    return { ...before, map };
  }

  #lastError(): string | undefined {
    return this.visits.findLast(({ error }) => error !== undefined)?.error;
  }

  #failExpression(event: HistoryEvent, before: Place): Place {
    // An expression that fails before its state did anything points past the state's own entry.
    const visit = this.visits.findLast(
      ({ state, outcome, cameFrom }) =>
        state === event.state &&
        outcome === 'running' &&
        (before.visit === undefined ||
          before.visit.state === state ||
          before.visit.id === cameFrom),
    );
    if (visit === undefined) throw misplaced(event, 'its state was not entered');
    this.#failing.add(visit);
    visit.error = event.error ?? 'States.QueryEvaluationError';
    return { ...before, visit };
  }

  #task(event: HistoryEvent, before: Place): Place {
    const { type, at, error } = event;
    const { visit } = before;
    if (visit?.type !== 'Task') throw misplaced(event, 'no Task was entered');
    const redrive = this.#stretch?.redrive ?? 0;
    if (type === 'TaskScheduled') {
      this.#reopen(before, redrive);
      if (visit.outcome !== 'running') throw misplaced(event, 'its state has been left');
      this.#failing.delete(visit);
      visit.tries.push({ redrive, scheduled: at, outcome: 'running' });
      return before;
    }
    const last = visit.tries.at(-1);
    if (last?.outcome !== 'running' || visit.outcome !== 'running') {
      throw misplaced(event, 'no try of its state is under way');
    }
    if (type === 'TaskStarted') last.started = at;
    if (type === 'TaskSucceeded') endTry(last, at, 'succeeded');
    const failed = failures[type];
    if (failed !== undefined) {
      last.error = error ?? 'States.Timeout';
      visit.error = last.error;
      this.#failing.add(visit);
      endTry(last, at, failed);
    }
    return before;
  }

  /** A redrive goes on with what the end before it had cut, and enters it no second time. */
  #reopen({ visit, map, worker }: Place, redrive: number): void {
    for (const each of [visit, map]) {
      const isCut = each?.outcome === 'failed' || each?.outcome === 'aborted';
      if (each === undefined || !isCut || redrive === 0) continue;
      each.outcome = 'running';
      delete each.ended;
    }
    const iteration = this.iterations.findLast((each) => each.worker === worker);
    if (map !== undefined && iteration?.outcome === 'aborted') {
      iteration.outcome = 'running';
      delete iteration.ended;
    }
  }
}
