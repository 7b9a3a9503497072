import { changingFunctions } from './condition.ts';
import { calledBy, childOf, type Node, nodesIn, parseExpression } from './expression.ts';
import type { Finding } from './finding.ts';
import { type Branch, type Place, statePath } from './machine.ts';
import { possibleRules } from './possible-rules.ts';
import { redriveNotesOf } from './redrive.ts';
import { conditionsOf, reachable, type Transition, transitionsOf } from './transitions.ts';

/**
 * Finds loops that nothing bounds.
 *
 * A loop is bounded when a variable is raised (or lowered) by a constant each time round, is set to
 * nothing else within it, and is compared so that a way on that the loop needs is closed once the
 * variable is past what it is compared with: a constant, or an expression that the loop leaves alone.
 * A loop that goes on only when a person redrives the execution is bounded by that: see
 * {@link redriveNotesOf}. One that ends by a clock, or by what a task answers, is not known to end.
 */
export function findUnboundedLoops({ path, branch }: Place): Finding[] {
  const all = transitionsOf(branch);
  const entered = reachable([branch.StartAt], all);
  const loops = unboundedLoops(
    all.filter(({ from }) => entered.has(from)),
    branch,
  );
  const byText = new Map(loops.map((loop) => [[...loop, loop[0]].join(' > '), loop[0] ?? '']));
  return [...byText].map(([text, first]) => ({
    rule: 'unbounded-loop',
    path: statePath(path, first),
    sentence: `nothing bounds the loop ${text}`,
  }));
}

/** Loops that remain without a bound, each as its states in their order. */
function unboundedLoops(transitions: readonly Transition[], branch: Branch): string[][] {
  return knots(transitions).flatMap((knot) => {
    const remaining = boundsOf(knot, branch).map(({ steps, closed }) => {
      // Whoever goes round for ever leaves the one alone, or the other.
      return closed.size === 0
        ? undefined
        : [steps, closed].flatMap((cut) =>
            unboundedLoops(
              knot.filter((transition) => !cut.has(transition)),
              branch,
            ),
          );
    });
    const candidates = remaining.filter((loops) => loops !== undefined);
    if (candidates.some((loops) => loops.length === 0)) return [];
    return candidates[0] ?? [[...new Set(knot.map(({ from }) => from))]];
  });
}

/**
 * What may bound a loop: transitions that step something, and those that are closed, sooner or later,
 * for whoever takes these again and again.
 */
interface Bound {
  readonly steps: ReadonlySet<Transition>;
  readonly closed: ReadonlySet<Transition>;
}

function boundsOf(knot: readonly Transition[], branch: Branch): Bound[] {
  const counted = countersOf(knot).map((counter) => ({
    steps: new Set(knot.filter((transition) => stepOf(transition, counter) !== undefined)),
    closed: new Set(knot.filter((transition) => closes(transition, counter, knot, branch))),
  }));
  const redriven = redriveNotesOf(knot, branch).map(({ taking, waiting }) => ({
    steps: taking,
    closed: waiting,
  }));
  return [...counted, ...redriven];
}

/** Transitions that lie on a loop, those that lie on a common one together. */
function knots(transitions: readonly Transition[]): Transition[][] {
  const reach = new Map(
    transitions.map(({ from }) => [
      from,
      reachable(
        transitions.flatMap((transition) => (transition.from === from ? [transition.to] : [])),
        transitions,
      ),
    ]),
  );
  const together = (one: string, other: string) =>
    (reach.get(one)?.has(other) ?? false) && (reach.get(other)?.has(one) ?? false);
  const found = new Map<string, Transition[]>();
  for (const transition of transitions) {
    if (!together(transition.from, transition.to)) continue;
    const key =
      [...found.keys()].find((name) => together(name, transition.from)) ?? transition.from;
    found.set(key, [...(found.get(key) ?? []), transition]);
  }
  return [...found.values()];
}

/** Variables that a loop only ever steps in one direction. */
function countersOf(knot: readonly Transition[]): string[] {
  const assigned = new Set(knot.flatMap(({ assign }) => Object.keys(assign)));
  return [...assigned].filter((variable) => {
    const steps = knot
      .filter(({ assign }) => variable in assign)
      .map((transition) => stepOf(transition, variable));
    return steps.every((step) => step !== undefined && step === steps[0]);
  });
}

/** 1 where a transition raises a variable by a constant, -1 where it lowers it. */
function stepOf({ assign }: Transition, variable: string): 1 | -1 | undefined {
  const value = assign[variable];
  const sum = typeof value === 'string' ? parseExpression(value) : undefined;
  if (sum?.type !== 'binary' || (sum.value !== '+' && sum.value !== '-')) return undefined;
  const [lhs, rhs] = [childOf(sum, 'lhs'), childOf(sum, 'rhs')];
  if (lhs?.type !== 'variable' || lhs.value !== variable || rhs?.type !== 'number')
    return undefined;
  const step = Number(rhs.value) * (sum.value === '+' ? 1 : -1);
  return step === 0 ? undefined : step > 0 ? 1 : -1;
}

/** Whether a Choice no longer takes a transition once the counter is past all that it is compared with. */
function closes(
  { from, kind, index }: Transition,
  counter: string,
  knot: readonly Transition[],
  { States }: Branch,
): boolean {
  const state = States[from];
  if (state === undefined || (kind !== 'choice' && kind !== 'default')) return false;
  const step = knot
    .map((transition) => stepOf(transition, counter))
    .find((one) => one !== undefined);
  const outgrown = {
    variable: counter,
    value: step === -1 ? -Infinity : Infinity,
    isFixed: (node: Node) => isFixed(node, knot),
  };
  return !possibleRules(conditionsOf(state), outgrown).has(index);
}

function isFixed(node: Node, knot: readonly Transition[]): boolean {
  const assigned = new Set(['states', ...knot.flatMap(({ assign }) => Object.keys(assign))]);
  return !nodesIn(node).some(
    (inner) =>
      changingFunctions.has(calledBy(inner) ?? '') ||
      (inner.type === 'variable' && assigned.has(String(inner.value))),
  );
}
