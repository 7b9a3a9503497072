import { hiddenErrorRules } from './error-rules.ts';
import { type Node, parseExpression } from './expression.ts';
import type { Branch, State } from './machine.ts';
import { possibleRules } from './possible-rules.ts';

/** A way from one state to another that an execution can take. */
export interface Transition {
  readonly from: string;
  readonly to: string;
  readonly kind: 'next' | 'choice' | 'default' | 'catch';
  /** Which Choice rule or catcher; for a Default, the number of rules. */
  readonly index: number;
  /** Variables that are set on the way. */
  readonly assign: Readonly<Record<string, unknown>>;
  /** The errors of a catcher. */
  readonly errors: readonly string[];
}

/**
 * The ways out of a state, without those that nothing can take: rules shadowed by earlier ones and
 * catchers behind others.
 */
export function transitionsFrom(name: string, state: State): Transition[] {
  const { Next, Default, Choices = [], Catch = [], Assign = {} } = state;
  const own = { from: name, assign: Assign, errors: [] };
  const possible = possibleRules(conditionsOf(state));
  const hidden = hiddenErrorRules(Catch);
  return [
    ...(Next === undefined ? [] : [{ ...own, to: Next, kind: 'next' as const, index: 0 }]),
    ...Choices.map((rule, index) => ({
      ...own,
      to: rule.Next,
      kind: 'choice' as const,
      index,
      assign: rule.Assign ?? {},
    })).filter(({ index }) => possible.has(index)),
    ...(Default === undefined || !possible.has(Choices.length)
      ? []
      : [{ ...own, to: Default, kind: 'default' as const, index: Choices.length }]),
    ...Catch.map((catcher, index) => ({
      ...own,
      to: catcher.Next,
      kind: 'catch' as const,
      index,
      assign: catcher.Assign ?? {},
      errors: catcher.ErrorEquals,
    })).filter(({ index }) => !hidden.has(index)),
  ];
}

/** Every transition of a branch. */
export function transitionsOf({ States }: Branch): Transition[] {
  return Object.entries(States).flatMap(([name, state]) => transitionsFrom(name, state));
}

/** The conditions of a Choice, in their order; none for any other state. */
export function conditionsOf({ Choices = [] }: State): Node[] {
  return Choices.map(({ Condition }) => {
    const parsed = typeof Condition === 'string' ? parseExpression(Condition) : undefined;
    return parsed ?? { type: 'value', value: Condition };
  });
}

/** The states that can be reached over some transitions, the first ones included. */
export function reachable(
  from: readonly string[],
  transitions: readonly Transition[],
): ReadonlySet<string> {
  const found = new Set(from);
  for (const name of found) {
    for (const transition of transitions) if (transition.from === name) found.add(transition.to);
  }
  return found;
}

/** Whether a branch ends in a state, well or badly. */
export function isEnd({ Type, End }: State): boolean {
  return End === true || Type === 'Succeed' || Type === 'Fail';
}

/** Whether a branch ends well in a state: not in a Fail. */
export function endsWell(state: State): boolean {
  return isEnd(state) && state.Type !== 'Fail';
}
