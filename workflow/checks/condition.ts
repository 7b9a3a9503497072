import { calledBy, canonical, childOf, childrenOf, type Node, nodesIn } from './expression.ts';

/** A value as far as conditions tell values apart; an object stands for every object or array. */
export type Value =
  string | number | boolean | null | undefined | Readonly<Record<string, unknown>>;

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/**
 * A condition as far as it is understood. What is not is a *subject*: it may have any value, and has
 * the same one wherever it is written the same way.
 */
export type Condition =
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'subject'; readonly key: string | symbol }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not' | 'boolean' | 'exists'; readonly of: Condition }
  | { readonly kind: 'in'; readonly of: Condition; readonly list: readonly Value[] }
  | {
      readonly kind: 'if';
      readonly test: Condition;
      readonly then: Condition;
      readonly otherwise: Condition;
    }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Condition;
      readonly right: Condition;
    };

/** A variable that is greater (or less) than whatever it is compared with. */
export interface Outgrown {
  readonly variable: string;
  readonly value: number;
  /** Whether an expression keeps its value, so that the variable outgrows it. */
  readonly isFixed: (node: Node) => boolean;
}

const comparisons: readonly string[] = ['=', '!=', '<', '<=', '>', '>='];
const constants = ['string', 'number', 'value'];

/** Functions that may answer something else the next time. */
export const changingFunctions: ReadonlySet<string> = new Set(['random', 'uuid', 'now', 'millis']);

/** Reads a condition, a subject that may change being another one each time that it is written. */
export function readCondition(node: Node, outgrown?: Outgrown): Condition {
  const read = (inner: Node | undefined): Condition =>
    inner === undefined ? { kind: 'constant', value: undefined } : readCondition(inner, outgrown);
  if (constants.includes(node.type)) return { kind: 'constant', value: node.value as Value };

  const called = calledBy(node);
  const args = childrenOf(node, 'arguments');
  if ((called === 'not' || called === 'boolean' || called === 'exists') && args.length === 1) {
    return { kind: called, of: read(args[0]) };
  }
  const inner = node.type === 'block' ? childrenOf(node, 'expressions') : [];
  if (inner.length === 1) return read(inner[0]);
  if (node.type === 'condition') {
    const [test, then, otherwise] = ['condition', 'then', 'else'].map((field) =>
      read(childOf(node, field)),
    );
    if (test && then && otherwise) return { kind: 'if', test, then, otherwise };
  }
  return (node.type === 'binary' ? readBinary(node, read, outgrown) : undefined) ?? subject(node);
}

function readBinary(
  node: Node,
  read: (inner: Node | undefined) => Condition,
  outgrown: Outgrown | undefined,
): Condition | undefined {
  const [lhs, rhs] = [childOf(node, 'lhs'), childOf(node, 'rhs')];
  if (lhs === undefined || rhs === undefined) return undefined;
  const operator = String(node.value);
  if (operator === 'and' || operator === 'or') {
    return { kind: operator, left: read(lhs), right: read(rhs) };
  }
  if (operator === 'in') {
    const list = childrenOf(rhs, 'expressions');
    const isList = rhs.type === 'unary' && list.every(({ type }) => constants.includes(type));
    return isList
      ? { kind: 'in', of: read(lhs), list: list.map(({ value }) => value as Value) }
      : undefined;
  }
  if (!isComparison(operator)) return undefined;
  const [left, right] = outgrow(lhs, rhs, outgrown) ?? [read(lhs), read(rhs)];
  // How two subjects relate is not known.
  if (left.kind !== 'constant' && right.kind !== 'constant') return undefined;
  return { kind: 'compare', operator, left, right };
}

/** Both sides of a comparison where one is the outgrowing variable and the other keeps its value. */
function outgrow(lhs: Node, rhs: Node, outgrown?: Outgrown): [Condition, Condition] | undefined {
  if (outgrown === undefined) return undefined;
  const isIt = ({ type, value }: Node) => type === 'variable' && value === outgrown.variable;
  const endless: Condition = { kind: 'constant', value: outgrown.value };
  const finite = (node: Node): Condition => ({
    kind: 'constant',
    value: constants.includes(node.type) ? (node.value as Value) : 0,
  });
  if (isIt(lhs) && outgrown.isFixed(rhs)) return [endless, finite(rhs)];
  return isIt(rhs) && outgrown.isFixed(lhs) ? [finite(lhs), endless] : undefined;
}

function subject(node: Node): Condition {
  const changes = nodesIn(node).some((inner) => changingFunctions.has(calledBy(inner) ?? ''));
  return { kind: 'subject', key: changes ? Symbol(node.type) : canonical(node) };
}

function isComparison(operator: string): operator is Comparison {
  return comparisons.includes(operator);
}
