import { CheckRefusedError, type Finding } from './finding.ts';
import { type Branch, functionOf, innerPlaces, type State, statePath } from './machine.ts';
import { possibleRules } from './possible-rules.ts';
import { conditionsOf, isEnd, transitionsOf } from './transitions.ts';

/** Tasks, named by state, by function (as the definition names it), or both. */
export interface TaskSelection {
  readonly states?: readonly string[];
  readonly functions?: readonly string[];
}

/** What a machine starts that has to be ended. */
export interface TerminationOptions {
  /** @default nothing launches, and the check has nothing to do */
  readonly launching?: TaskSelection;
  readonly terminating?: TaskSelection;
  /** Errors of a launching state, by its name, that say that it started nothing. */
  readonly refusals?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Finds ways to an end of the machine that pass no terminating state after a launching one.
 *
 * A launch that failed counts as one, because it may have half succeeded; a Map or Parallel that holds
 * one counts, whatever it terminates itself. An error that no catcher takes, and a Choice that may find
 * no rule, end the machine as well. A terminating state counts when it is entered, and only beside the
 * launching one or around it: one inside a Map or Parallel is not known to run.
 */
export function findSkippedTerminations(
  machine: Branch,
  { launching = {}, terminating = {}, refusals = {} }: TerminationOptions,
): Finding[] {
  const transitions = transitionsOf(machine);
  return Object.entries(machine.States)
    .filter(([name, state]) => launches(name, state, launching))
    .flatMap(([launcher]) => {
      const refused = refusals[launcher] ?? [];
      const passed = new Set([launcher]);
      for (const name of passed) {
        const state = machine.States[name];
        if (state === undefined || isSelected(name, state, terminating)) continue;
        for (const { from, to, kind, errors } of transitions) {
          const startedNothing =
            from === launcher &&
            kind === 'catch' &&
            errors.every((error) => refused.includes(error));
          if (from === name && !startedNothing) passed.add(to);
        }
      }
      return [...passed].flatMap((name): Finding[] => {
        const state = machine.States[name];
        if (state === undefined || isSelected(name, state, terminating)) return [];
        return endings(state).map((ending) => ({
          rule: 'skipped-termination',
          path: statePath('', name),
          sentence: `after ${launcher}, ${ending} ${name} ends the execution with no terminating state before`,
        }));
      });
    });
}

/**
 * Holds the names that a caller gave against the machine: one that names nothing would check nothing.
 *
 * @throws CheckRefusedError naming the first of them.
 */
export function refuseUnknownNames(
  machine: readonly Branch[],
  { states = [], functions = [] }: TaskSelection,
): void {
  const all = machine.flatMap(({ States }) => Object.entries(States));
  const known = new Set(all.map(([name]) => name));
  const called = new Set(all.map(([, state]) => functionOf(state)));
  const unknown = [
    ...states.filter((name) => !known.has(name)),
    ...functions.filter((name) => !called.has(name)),
  ];
  if (unknown[0] !== undefined) {
    throw new CheckRefusedError(`an option names ${unknown[0]}, which the machine does not have`);
  }
}

/** How a state can end an execution by itself. */
function endings(state: State): string[] {
  const catchesAll = state.Catch?.some(({ ErrorEquals }) => ErrorEquals.includes('States.ALL'));
  const canFail = state.Type === 'Task' || state.Type === 'Map' || state.Type === 'Parallel';
  const conditions = conditionsOf(state);
  const canFindNone =
    state.Type === 'Choice' &&
    state.Default === undefined &&
    possibleRules(conditions).has(conditions.length);
  return [
    ...(isEnd(state) ? ['the end in'] : []),
    ...(canFail && catchesAll !== true ? ['an uncaught error of'] : []),
    ...(canFindNone ? ['no rule that holds in'] : []),
  ];
}

function isSelected(name: string, state: State, { states, functions }: TaskSelection): boolean {
  const called = functionOf(state);
  return (
    (states?.includes(name) ?? false) ||
    (called !== undefined && (functions?.includes(called) ?? false))
  );
}

function launches(name: string, state: State, launching: TaskSelection): boolean {
  return (
    isSelected(name, state, launching) ||
    innerPlaces(state, '').some(({ branch }) =>
      Object.entries(branch.States).some(([inner, its]) => launches(inner, its, launching)),
    )
  );
}
