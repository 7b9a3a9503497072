import jsonata from 'jsonata';
import { formatPath, type DefinitionProblem } from './definition-error.ts';
import { expressionOf } from './evaluate.ts';
import type { Branch, State, StateMachine } from './model.ts';

interface Problems {
  readonly invalid: DefinitionProblem[];
  readonly unsupported: DefinitionProblem[];
}

/**
 * Checks what the shape of single fields cannot tell: targets of transitions, order of ErrorEquals, names
 * of states, scopes of variables, syntax of expressions, resources of Tasks.
 */
export function checkStates(
  machine: StateMachine,
  isSupportedResource: (arn: string) => boolean,
): Problems {
  const invalid: DefinitionProblem[] = [];
  const unsupported: DefinitionProblem[] = [];
  const names = new Set<string>();
  const note = (path: PropertyKey[], reason: string): unknown =>
    invalid.push({ path: formatPath(path), reason });

  function checkBranch(
    branch: Branch,
    path: PropertyKey[],
    outerVariables: ReadonlySet<string>,
  ): void {
    if (!(branch.StartAt in branch.States))
      note([...path, 'StartAt'], 'names no state of this branch');
    const variables = new Set(outerVariables);
    for (const state of Object.values(branch.States))
      for (const name of assignedBy(state)) variables.add(name);
    for (const [name, state] of Object.entries(branch.States)) {
      const at = [...path, 'States', name];
      if (names.has(name)) note(at, 'has the name of another state of the machine');
      names.add(name);
      checkTransitions(state, branch, at);
      checkErrorEquals(state, at);
      checkExpressions(ownFields(state), at);
      for (const variable of assignedBy(state)) {
        if (outerVariables.has(variable)) {
          note(
            [...at, 'Assign', variable],
            'is assigned in an outer scope, which an inner one may only read',
          );
        }
      }
      if (state.Type === 'Task' && !isSupportedResource(state.Resource)) {
        unsupported.push({ path: formatPath([...at, 'Resource']), reason: `is ${state.Resource}` });
      }
      if (state.Type === 'Parallel') {
        state.Branches.forEach((inner, i) => checkBranch(inner, [...at, 'Branches', i], variables));
      }
      if (state.Type === 'Map')
        checkBranch(state.ItemProcessor, [...at, 'ItemProcessor'], variables);
    }
  }

  function checkTransitions(state: State, branch: Branch, at: PropertyKey[]): void {
    for (const [path, next] of targetsOf(state)) {
      if (!(next in branch.States)) note([...at, ...path], 'names no state of this branch');
    }
    const ends = state.Type === 'Choice' || state.Type === 'Succeed' || state.Type === 'Fail';
    if (!ends && (state.Next === undefined) === (state.End === undefined)) {
      note(at, 'must have exactly one of Next and End');
    }
  }

  function checkErrorEquals(state: State, at: PropertyKey[]): void {
    if (state.Type !== 'Task' && state.Type !== 'Parallel' && state.Type !== 'Map') return;
    for (const field of ['Retry', 'Catch'] as const) {
      const rules = state[field] ?? [];
      rules.forEach(({ ErrorEquals }, i) => {
        const isLastAlone = ErrorEquals.length === 1 && i === rules.length - 1;
        if (ErrorEquals.includes('States.ALL') && !isLastAlone) {
          note(
            [...at, field, i, 'ErrorEquals'],
            'may have States.ALL only alone and only in the last rule',
          );
        }
      });
    }
  }

  function checkExpressions(value: unknown, path: PropertyKey[]): void {
    if (typeof value === 'string') {
      const expression = expressionOf(value);
      const problem = expression === undefined ? undefined : syntaxProblem(expression);
      if (problem !== undefined) note(path, problem);
    } else if (Array.isArray(value)) {
      value.forEach((element, i) => checkExpressions(element, [...path, i]));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) checkExpressions(member, [...path, key]);
    }
  }

  checkBranch(machine, [], new Set());
  return { invalid, unsupported };
}

function* targetsOf(state: State): Generator<[PropertyKey[], string]> {
  if ('Next' in state && state.Next !== undefined) yield [['Next'], state.Next];
  if (state.Type === 'Choice') {
    for (const [i, rule] of state.Choices.entries()) yield [['Choices', i, 'Next'], rule.Next];
    if (state.Default !== undefined) yield [['Default'], state.Default];
  }
  if ('Catch' in state) {
    for (const [i, catcher] of (state.Catch ?? []).entries())
      yield [['Catch', i, 'Next'], catcher.Next];
  }
}

function assignedBy(state: State): string[] {
  const assigns = [
    'Assign' in state ? state.Assign : undefined,
    ...(state.Type === 'Choice' ? state.Choices.map((rule) => rule.Assign) : []),
    ...('Catch' in state ? (state.Catch ?? []).map((catcher) => catcher.Assign) : []),
  ];
  return assigns.flatMap((assign) => Object.keys(assign ?? {}));
}

/** A state without the states inside it. */
function ownFields(state: State): Record<string, unknown> {
  const inner = new Set(['Branches', 'ItemProcessor', 'Comment']);
  return Object.fromEntries(Object.entries(state).filter(([field]) => !inner.has(field)));
}

function syntaxProblem(expression: string): string | undefined {
  try {
    jsonata(expression);
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return `is not valid JSONata: ${code ?? ''} ${message ?? ''}`;
  }
}
