import { expressionsIn, variablesRead } from './expression.ts';
import type { Finding } from './finding.ts';
import { innerPlaces, type Place, type State, statePath } from './machine.ts';
import { type Transition, transitionsOf } from './transitions.ts';

/**
 * Finds variables that a state reads although a way to it never assigns them: the id of what a failed
 * launch left running, read by the state that should end it.
 *
 * A variable that the expression asks for with `$exists` is read with care, and not reported.
 */
export function findUnassignedVariables(
  { path, branch }: Place,
  outer: ReadonlySet<string> = new Set(),
): Finding[] {
  const transitions = transitionsOf(branch);
  const assigned = alwaysAssigned(branch.StartAt, transitions, outer);
  return Object.entries(branch.States).flatMap(([name, state]) => {
    const known = assigned.get(name);
    // What is never entered reads nothing.
    if (known === undefined) return [];
    const at = statePath(path, name);
    const missing = [...variablesOf(state).difference(known)].map((variable): Finding => ({
      rule: 'unassigned-variable',
      path: at,
      sentence: `${name} reads $${variable}, which is not assigned on the way ${wayWithout(variable, branch.StartAt, name, transitions)}`,
    }));
    const inside = innerPlaces(state, at).flatMap((place) => findUnassignedVariables(place, known));
    return [...missing, ...inside];
  });
}

/** The variables that every way to a state has assigned, by state. */
function alwaysAssigned(
  start: string,
  transitions: readonly Transition[],
  outer: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const assigned = new Map<string, ReadonlySet<string>>([[start, outer]]);
  const changed = new Set([start]);
  for (const name of changed) {
    changed.delete(name);
    const before = assigned.get(name) ?? outer;
    for (const { from, to, assign } of transitions) {
      if (from !== name) continue;
      const after = before.union(new Set(Object.keys(assign)));
      const known = assigned.get(to);
      const both = known === undefined ? after : known.intersection(after);
      if (both.size === known?.size) continue;
      assigned.set(to, both);
      changed.add(to);
    }
  }
  return assigned;
}

/** What a state reads before it leads on; what it holds inside reads for itself. */
function variablesOf({
  Branches: _branches,
  ItemProcessor: _processor,
  ...own
}: State): Set<string> {
  const read = new Set<string>();
  for (const expression of expressionsIn(own)) {
    for (const variable of variablesRead(expression)) read.add(variable);
  }
  return read;
}

/** The shortest way on which nothing assigns the variable, for a reader. */
function wayWithout(
  variable: string,
  start: string,
  end: string,
  transitions: readonly Transition[],
): string {
  const ways = new Map([[start, start]]);
  for (const [name, way] of ways) {
    for (const { from, to, kind, assign } of transitions) {
      if (from !== name || ways.has(to) || variable in assign) continue;
      ways.set(to, `${way}${kind === 'catch' ? ' (caught)' : ''} > ${to}`);
    }
  }
  return ways.get(end) ?? end;
}
