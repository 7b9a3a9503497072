import type { RunRecord } from '../run-record.ts';
import type { StateFacts } from './graph-facts.ts';

/** A duration as a person says it: tenths of a second, from a minute on seconds, from an hour on minutes. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 0.05) return '< 0.1 s';
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How often, where it is more than once. */
export const times = (count: number): string => (count === 1 ? '' : ` ×${count}`);

/** Errors with their counts, as one text each. */
export function errorList(errors: ReadonlyMap<string, number>): string[] {
  return [...errors].map(([code, count]) => code + times(count));
}

/** What the graph says under the name of a state. */
export function stateLines(facts: StateFacts): string[] {
  const { outcome, outcomes, entered, retries, errors, shortestMs, longestMs } = facts;
  if (entered === 0) return ['not entered'];
  const words =
    entered === 1 ? outcome : [...outcomes].map(([word, count]) => `${count} ${word}`).join(', ');
  const [shortest, longest] = [duration(shortestMs), duration(longestMs)];
  const span = shortest === longest ? longest : `${shortest} to ${longest}`;
  const lasted = Number.isFinite(longestMs) ? span : undefined;
  const isShort = entered === 1 && lasted !== undefined;
  return [
    isShort ? `${words} · ${lasted}` : words,
    ...(isShort || lasted === undefined ? [] : [lasted]),
    ...(retries === 0 ? [] : [`retried ${retries === 1 ? 'once' : `${retries} times`}`]),
    ...errorList(errors),
  ];
}

/** One sentence on the execution. */
export function headline({ execution, runs }: RunRecord): string {
  const { hash, status, started, ended, error } = execution;
  const lasted =
    ended === undefined ? '' : ` after ${duration(Date.parse(ended) - Date.parse(started))}`;
  const why = error === undefined ? '' : `, ${error}`;
  const redriven = runs.length === 1 ? '' : `, redriven${times(runs.length - 1)}`;
  return `Execution ${hash}: ${status}${why}${lasted}${redriven}`;
}
