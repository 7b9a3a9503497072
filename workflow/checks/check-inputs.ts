import { calledBy, childrenOf, expressionsIn, type Node, nodesIn } from './expression.ts';
import type { Finding } from './finding.ts';
import { type Place, type State, statePath } from './machine.ts';
import { type Transition, transitionsOf } from './transitions.ts';

/**
 * Finds fields of `$states.input` that a state reads although a state before it does not pass them on:
 * the id of what a failed launch left running, when its catcher passes on the error only.
 *
 * Known is what an `Output` gives that is an object, and what a catcher without one gives. What an
 * expression gives, and what went through several states, is not. A field that the expression asks for
 * with `$exists` is not reported.
 */
export function findLostInputs({ path, branch }: Place): Finding[] {
  return transitionsOf(branch).flatMap((transition) => {
    const from = branch.States[transition.from];
    const to = branch.States[transition.to];
    const passed = from && passedOn(from, transition);
    if (to === undefined || passed === undefined) return [];
    return [...fieldsRead(to)]
      .filter((field) => !passed.includes(field))
      .map((field) => ({
        rule: 'lost-input',
        path: statePath(path, transition.to),
        sentence: `${transition.to} reads $states.input.${field}, which ${transition.from}${transition.kind === 'catch' ? ', when it fails,' : ''} does not pass on`,
      }));
  });
}

/** The fields that a state passes on; undefined where they are not known. */
function passedOn(state: State, { kind, index }: Transition): string[] | undefined {
  const rule = kind === 'catch' ? state.Catch?.[index] : undefined;
  const giver = rule ?? (kind === 'choice' ? state.Choices?.[index] : state);
  const output = giver?.Output;
  if (output === undefined) return kind === 'catch' ? ['Error', 'Cause'] : undefined;
  return typeof output === 'object' && output !== null ? Object.keys(output) : undefined;
}

function fieldsRead({
  Branches: _branches,
  ItemProcessor: _processor,
  ...own
}: State): Set<string> {
  const read = new Set<string>();
  for (const expression of expressionsIn(own)) {
    const asked = new Set(
      [...nodesIn(expression)]
        .filter((node) => calledBy(node) === 'exists')
        .flatMap((node) => [...nodesIn(node.arguments)].map(inputField)),
    );
    for (const node of nodesIn(expression)) {
      const field = inputField(node);
      if (field !== undefined && !asked.has(field)) read.add(field);
    }
  }
  return read;
}

/** `id` for `$states.input.id`. */
function inputField(node: Node): string | undefined {
  const [root, input, field] = node.type === 'path' ? childrenOf(node, 'steps') : [];
  const isInput = root?.type === 'variable' && root.value === 'states' && input?.value === 'input';
  return isInput && field?.type === 'name' ? String(field.value) : undefined;
}
