import { childOf, childrenOf, type Node, nodesIn } from './expression.ts';
import type { Finding } from './finding.ts';
import { type Place, statePath } from './machine.ts';
import { type RedriveNote, redriveNotesOf } from './redrive.ts';
import {
  conditionsOf,
  endsWell,
  reachable,
  type Transition,
  transitionsOf,
} from './transitions.ts';

/** Which failures may end well. */
export interface FailureOptions {
  /**
   * States whose failure the machine may pass over, and ends that tell a failure in their output; each
   * with the reason.
   */
  readonly toleratedFailures?: Readonly<Record<string, string>>;
  /** States that are entered only after a failure that no catcher and no status tells. */
  readonly failureStates?: readonly string[];
}

/** A status that says that something went wrong, e.g. SSM's `Failed`, `TimedOut`, `Undeliverable`. */
const failureWord = /fail|error|timed.?out|cancel|abort|undeliver|reject|denied|terminated/i;

/** A place where a failure begins, and the state in which it is undone by being decided anew. */
interface Failure {
  readonly path: string;
  readonly what: string;
  readonly entered: string;
  readonly redone?: string;
}

/**
 * Finds failures that end in `Succeed` or `End: true`.
 *
 * A failure begins in a catcher, in a Choice rule that compares with a word for failure, in a Map that
 * tolerates failed items, and in the states that the caller names. It is over where the state that
 * failed is entered again: a retry. It is over, too, where a person redrives the execution and that is
 * noted as the begin of another run ({@link redriveNotesOf}). A Default that stands for a failure is not known as one.
 */
export function findFailuresThatEndWell(
  { path, branch }: Place,
  { toleratedFailures = {}, failureStates = [] }: FailureOptions,
): Finding[] {
  const isTolerated = (name: string) => name in toleratedFailures;
  const states = Object.entries(branch.States);
  const transitions = transitionsOf(branch);
  const notes = redriveNotesOf(transitions, branch);
  const failures: Failure[] = [
    ...transitions
      .filter((transition) => isFailure(transition, branch.States))
      .map((transition) => begun(path, transition)),
    ...states
      .filter(([, state]) => toleratesItems(state))
      .map(([name, { Next }]) => ({
        path: statePath(path, name),
        what: `a failed item of ${name}`,
        entered: Next ?? name,
        redone: Next === undefined ? undefined : name,
      })),
    ...failureStates
      .filter((name) => name in branch.States)
      .map((name) => ({
        path: statePath(path, name),
        what: `the failure told by ${name}`,
        entered: name,
      })),
  ];
  const goodEnds = states.flatMap(([name, state]) =>
    endsWell(state) && !isTolerated(name) ? [name] : [],
  );
  return failures
    .filter(({ redone }) => redone === undefined || !isTolerated(redone))
    .flatMap((failure) => {
      const after = statesAfter(failure, transitions, notes);
      return goodEnds
        .filter((name) => after.has(name))
        .map((name) => found(failure.path, failure.what, name));
    });
}

function found(path: string, what: string, end: string): Finding {
  return { rule: 'failure-ends-well', path, sentence: `${what} ends well, in the state ${end}` };
}

function begun(path: string, { kind, from, to, index, errors }: Transition): Failure {
  return {
    path: `${statePath(path, from)}/${kind === 'catch' ? 'Catch' : 'Choices'}[${index}]`,
    what: kind === 'catch' ? `${errors.join(' or ')} of ${from}` : `the failure that ${from} sees`,
    entered: to,
    redone: from,
  };
}

function isFailure(transition: Transition, states: Place['branch']['States']): boolean {
  if (transition.kind === 'catch') return true;
  const state = transition.kind === 'choice' ? states[transition.from] : undefined;
  const condition = state && conditionsOf(state)[transition.index];
  return condition !== undefined && saysFailure(condition);
}

/** Whether a condition asks for a status that is a failure; one that excludes it does not. */
function saysFailure(condition: Node): boolean {
  const [lhs, rhs] = [childOf(condition, 'lhs'), childOf(condition, 'rhs')];
  switch (condition.type === 'binary' ? condition.value : condition.type) {
    case 'block':
      return childrenOf(condition, 'expressions').some(saysFailure);
    case 'and':
    case 'or':
      return [lhs, rhs].some((side) => side !== undefined && saysFailure(side));
    case '=':
    case 'in':
      return [...nodesIn([lhs, rhs])].some(
        ({ type, value }) => type === 'string' && failureWord.test(String(value)),
      );
    default:
      return false;
  }
}

function toleratesItems(state: Readonly<Record<string, unknown>>): boolean {
  const { ToleratedFailureCount, ToleratedFailurePercentage } = state;
  return [ToleratedFailureCount, ToleratedFailurePercentage].some(
    (tolerated) => tolerated !== undefined && tolerated !== 0,
  );
}

function statesAfter(
  { entered, redone }: Failure,
  transitions: readonly Transition[],
  notes: readonly RedriveNote[],
): ReadonlySet<string> {
  if (entered === redone) return new Set();
  const own = transitions.filter(({ to }) => to !== redone);
  const before = reachable(
    [entered],
    own.filter((one) => !notes.some(({ waiting }) => waiting.has(one))),
  );
  // Behind a redrive the failure goes on until the redrive is noted.
  const behind = notes.map(({ waiting, taking }) =>
    reachable(
      own.flatMap((one) => (waiting.has(one) && before.has(one.from) ? [one.to] : [])),
      own.filter((one) => !taking.has(one)),
    ),
  );
  return behind.reduce((all, states) => all.union(states), before);
}
