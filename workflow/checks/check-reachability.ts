import type { Finding } from './finding.ts';
import { type Place, type State, statePath } from './machine.ts';
import { possibleRules } from './possible-rules.ts';
import { conditionsOf, reachable, transitionsOf } from './transitions.ts';

/** Finds states that no execution enters, among them those that only a shadowed rule leads to. */
export function findUnreachableStates({ path, branch }: Place): Finding[] {
  const entered = reachable([branch.StartAt], transitionsOf(branch));
  return Object.keys(branch.States)
    .filter((name) => !entered.has(name))
    .map((name) => ({
      rule: 'unreachable-state',
      path: statePath(path, name),
      sentence: `no execution enters the state ${name}`,
    }));
}

/** Finds Choice rules, and Defaults, that no value can take because of the rules before them. */
export function findShadowedRules({ path, branch }: Place): Finding[] {
  return Object.entries(branch.States).flatMap(([name, state]) =>
    shadowedRules(state, statePath(path, name)),
  );
}

function shadowedRules(state: State, path: string): Finding[] {
  if (state.Type !== 'Choice') return [];
  const conditions = conditionsOf(state);
  const possible = possibleRules(conditions);
  const shadowed = conditions.flatMap((condition, i): Finding[] => {
    if (possible.has(i)) return [];
    const hiding = conditions
      .slice(0, i)
      .findIndex((earlier) => !possibleRules([earlier, condition]).has(1));
    const reason = !possibleRules([condition]).has(0)
      ? 'its condition is never true'
      : hiding < 0
        ? 'the rules before it cover it together'
        : `rule ${hiding} is true whenever it is`;
    return [
      {
        rule: 'shadowed-rule',
        path: `${path}/Choices[${i}]`,
        sentence: `rule ${i} is never taken: ${reason}`,
      },
    ];
  });
  if (state.Default === undefined || possible.has(conditions.length)) return shadowed;
  return [
    ...shadowed,
    {
      rule: 'shadowed-rule',
      path: `${path}/Default`,
      sentence: 'the Default is never taken: one of the rules always holds',
    },
  ];
}
