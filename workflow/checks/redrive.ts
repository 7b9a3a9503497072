import { childOf, childrenOf, type Node, parseExpression } from './expression.ts';
import type { Branch } from './machine.ts';
import { conditionsOf, type Transition } from './transitions.ts';

/**
 * A variable that notes how often the execution was redriven: `$states.context.Execution.RedriveCount`.
 *
 * Step Functions counts a redrive, which is a person's act, and nothing else. A rule that holds only
 * while the count is greater than the note is thus open once for each redrive, when the note is taken
 * again behind it.
 */
export interface RedriveNote {
  /** Transitions that take the note. */
  readonly taking: ReadonlySet<Transition>;
  /** Transitions that only a redrive since then opens. */
  readonly waiting: ReadonlySet<Transition>;
}

/** The notes of some transitions: variables that are set to the count, and to nothing else. */
export function redriveNotesOf(
  transitions: readonly Transition[],
  branch: Branch,
): readonly RedriveNote[] {
  const assigned = new Set(transitions.flatMap(({ assign }) => Object.keys(assign)));
  return [...assigned].flatMap((variable): RedriveNote[] => {
    const taking = transitions.filter(({ assign }) => variable in assign);
    if (!taking.every(({ assign }) => isCount(parse(assign[variable])))) return [];
    const waiting = transitions.filter((transition) => isOutcounted(variable, transition, branch));
    return [{ taking: new Set(taking), waiting: new Set(waiting) }];
  });
}

/** Whether a transition is a Choice rule that demands that the count be greater than the note. */
function isOutcounted(
  variable: string,
  { from, kind, index }: Transition,
  { States }: Branch,
): boolean {
  const state = kind === 'choice' ? States[from] : undefined;
  const condition = state && conditionsOf(state)[index];
  return condition !== undefined && demands(condition, variable);
}

function demands(condition: Node, variable: string): boolean {
  const [lhs, rhs] = [childOf(condition, 'lhs'), childOf(condition, 'rhs')];
  const isNote = (node?: Node) => node?.type === 'variable' && node.value === variable;
  switch (condition.type === 'binary' ? condition.value : undefined) {
    case 'and':
      return [lhs, rhs].some((side) => side !== undefined && demands(side, variable));
    case '>':
      return isCount(lhs) && isNote(rhs);
    case '<':
      return isNote(lhs) && isCount(rhs);
    default:
      return false;
  }
}

function parse(value: unknown): Node | undefined {
  return typeof value === 'string' ? parseExpression(value) : undefined;
}

const path = ['states', 'context', 'Execution', 'RedriveCount'].join();

function isCount(node: Node | undefined): boolean {
  if (node?.type !== 'path') return false;
  const steps = childrenOf(node, 'steps');
  return steps[0]?.type === 'variable' && steps.map(({ value }) => String(value)).join() === path;
}
