import type { HistoryEvent } from '@aws-sdk/client-sfn';

/** One line of what an execution does, and the same as fields. */
export interface Happening {
  readonly at: Date;
  readonly event: 'state-entered' | 'tried-again' | 'error' | 'ended';
  readonly state?: string;
  /** Counts from 0; a person reads it from 1. */
  readonly workerIndex?: number;
  readonly error?: string;
  readonly sentence: string;
}

/** Where an event stands: what its successors inherit. */
interface Place {
  readonly workerIndex: number | undefined;
  readonly state: string | undefined;
  /** Tasks scheduled since the state was entered. */
  readonly tries: number;
}

const outside: Place = { workerIndex: undefined, state: undefined, tries: 0 };

/** After these the path goes on outside of any worker, though it descends from an iteration. */
const mapEnds = new Set(['MapStateFailed', 'MapStateAborted', 'MapStateExited']);

/**
 * Turns history events into what a person follows: states entered, tries, errors.
 *
 * An event belongs to the worker whose Map iteration it descends from; that is found along
 * `previousEventId`, so the events must be given in order and none left out.
 */
export class Story {
  readonly #places = new Map<number, Place>();

  /** The happening of one event; undefined where the event tells a person nothing new. */
  tell(event: HistoryEvent): Happening | undefined {
    const { id = 0, previousEventId = 0, type = '' } = event;
    const place = placeOf(event, this.#places.get(previousEventId) ?? outside);
    this.#places.set(id, mapEnds.has(type) ? outside : place);
    return happening(event, place);
  }
}

function placeOf(event: HistoryEvent, before: Place): Place {
  const { type = '', mapIterationStartedEventDetails, stateEnteredEventDetails } = event;
  const workerIndex = mapIterationStartedEventDetails?.index ?? before.workerIndex;
  if (stateEnteredEventDetails !== undefined) {
    return { workerIndex, state: stateEnteredEventDetails.name, tries: 0 };
  }
  // A failing expression is told beside the state that it is in.
  const state = event.evaluationFailedEventDetails?.state ?? before.state;
  const isTry = type === 'TaskScheduled' || type === 'LambdaFunctionScheduled';
  return { workerIndex, state, tries: before.tries + (isTry ? 1 : 0) };
}

function happening(event: HistoryEvent, place: Place): Happening | undefined {
  const { type = '', timestamp: at = new Date(0) } = event;
  const { workerIndex, state, tries } = place;
  if (type.startsWith('Execution')) return executionEnd(event, at);
  const fields = {
    at,
    ...(state !== undefined && { state }),
    ...(workerIndex !== undefined && { workerIndex }),
  };
  const where = workerIndex === undefined ? '' : `worker ${workerIndex + 1}: `;
  if (event.stateEnteredEventDetails !== undefined) {
    return { ...fields, event: 'state-entered', sentence: `${where}${state ?? ''}` };
  }
  const isTry = type === 'TaskScheduled' || type === 'LambdaFunctionScheduled';
  if (isTry && tries > 1) {
    return { ...fields, event: 'tried-again', sentence: `${where}${state ?? ''}, try ${tries}` };
  }
  const error = errorOf(event);
  if (error === undefined) return undefined;
  return { ...fields, event: 'error', error, sentence: `${where}${state ?? ''} failed: ${error}` };
}

function executionEnd(event: HistoryEvent, at: Date): Happening | undefined {
  const { type = '' } = event;
  if (type === 'ExecutionStarted' || type === 'ExecutionRedriven') return undefined;
  const error =
    event.executionFailedEventDetails?.error ??
    event.executionAbortedEventDetails?.error ??
    event.executionTimedOutEventDetails?.error;
  const because = error === undefined ? '' : `: ${error}`;
  const sentence = `execution ${words(type.slice('Execution'.length))}${because}`;
  return { at, event: 'ended', ...(error !== undefined && { error }), sentence };
}

/** `TimedOut` as a person reads it. */
function words(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function errorOf(event: HistoryEvent): string | undefined {
  return (
    event.taskFailedEventDetails?.error ??
    event.taskTimedOutEventDetails?.error ??
    event.taskStartFailedEventDetails?.error ??
    event.taskSubmitFailedEventDetails?.error ??
    event.lambdaFunctionFailedEventDetails?.error ??
    event.lambdaFunctionTimedOutEventDetails?.error ??
    event.lambdaFunctionScheduleFailedEventDetails?.error ??
    event.lambdaFunctionStartFailedEventDetails?.error ??
    event.evaluationFailedEventDetails?.error
  );
}
