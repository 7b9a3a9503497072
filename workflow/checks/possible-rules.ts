import {
  type Comparison,
  type Condition,
  type Outgrown,
  readCondition,
  type Value,
} from './condition.ts';
import type { Node } from './expression.ts';

/** Evaluation fails, and with it the execution: no rule of the Choice is taken. */
class EvaluationFailed extends Error {}

type World = ReadonlyMap<string | symbol, Value>;

/** Above this many combinations of values, rules are compared two by two. */
const mostWorlds = 50_000;

/**
 * The rules of a Choice that can be the first to hold, by index; the number of rules stands for none.
 *
 * Decided are `and`, `or`, `$not`, `$boolean`, `$exists`, `? :`, comparisons with a constant, and `in`
 * a list of constants. Everything else may have any value. Every combination of values that the
 * constants tell apart is tried, so what is not among the answers is impossible; but not all that is
 * among them is possible, because relations between two subjects (`$a < $b`, `$x` and `$count($x)`)
 * are not known.
 */
export function possibleRules(nodes: readonly Node[], outgrown?: Outgrown): ReadonlySet<number> {
  return decide(nodes.map((node) => readCondition(node, outgrown)));
}

function decide(conditions: readonly Condition[]): Set<number> {
  const subjects = new Map<string | symbol, Set<Value>>();
  for (const condition of conditions) collect(condition, subjects);
  const values = [...subjects].map(([key, known]) => [key, withNeighbours(known)] as const);
  const count = values.reduce((product, [, { length }]) => product * length, 1);
  if (count > mostWorlds) return decideByPairs(conditions);

  const possible = new Set<number>();
  for (let n = 0; n < count && possible.size <= conditions.length; n += 1) {
    let rest = n;
    const world = new Map<string | symbol, Value>();
    for (const [key, candidates] of values) {
      world.set(key, candidates[rest % candidates.length]);
      rest = Math.floor(rest / candidates.length);
    }
    const taken = firstTaken(conditions, world);
    if (taken !== undefined) possible.add(taken);
  }
  return possible;
}

/** Two rules that are too much for one comparison hide nothing unless they are the same. */
function decideByPairs(conditions: readonly Condition[]): Set<number> {
  const possible = new Set([...conditions.keys(), conditions.length]);
  for (const [later, condition] of conditions.entries()) {
    const isHidden = conditions
      .slice(0, later)
      .some((earlier) =>
        conditions.length > 2
          ? !decide([earlier, condition]).has(1)
          : JSON.stringify(earlier) === JSON.stringify(condition),
      );
    if (isHidden) possible.delete(later);
  }
  return possible;
}

function firstTaken(conditions: readonly Condition[], world: World): number | undefined {
  try {
    for (const [i, condition] of conditions.entries()) {
      const holds = evaluate(condition, world);
      if (typeof holds !== 'boolean') return undefined;
      if (holds) return i;
    }
    return conditions.length;
  } catch (error) {
    if (error instanceof EvaluationFailed) return undefined;
    throw error;
  }
}

/** Notes each subject with the constants that it is compared with. */
function collect(condition: Condition, subjects: Map<string | symbol, Set<Value>>): void {
  const note = (of: Condition, values: readonly Value[]) => {
    collect(of, subjects);
    if (of.kind === 'subject') for (const value of values) subjects.get(of.key)?.add(value);
  };
  switch (condition.kind) {
    case 'constant':
      return;
    case 'subject':
      if (!subjects.has(condition.key)) subjects.set(condition.key, new Set([0, '']));
      return;
    case 'and':
    case 'or':
      collect(condition.left, subjects);
      collect(condition.right, subjects);
      return;
    case 'compare':
      note(condition.left, condition.right.kind === 'constant' ? [condition.right.value] : []);
      note(condition.right, condition.left.kind === 'constant' ? [condition.left.value] : []);
      return;
    case 'in':
      note(condition.of, condition.list);
      return;
    case 'if':
      for (const part of [condition.test, condition.then, condition.otherwise]) {
        collect(part, subjects);
      }
      return;
    default:
      collect(condition.of, subjects);
  }
}

/** The constants, one value of each gap between them, and one of each other kind. */
function withNeighbours(constants: ReadonlySet<Value>): Value[] {
  const numbers = [...constants].filter((value) => typeof value === 'number').sort((a, b) => a - b);
  const between = numbers.map((number, i) => (number + (numbers[i + 1] ?? number + 2)) / 2);
  const texts = [...constants].filter((value) => typeof value === 'string');
  // No text stands between one and the same followed by the first of all characters.
  const after = texts.map((text) => `${text}\u0000`);
  const others: Value[] = [true, false, null, undefined, {}, { any: 1 }];
  return [
    (numbers[0] ?? 0) - 1,
    ...numbers,
    ...between,
    ...new Set([...texts, ...after]),
    ...others,
  ];
}

/** JSONata's own semantics, its failures included. */
function evaluate(condition: Condition, world: World): Value {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'subject':
      return world.get(condition.key);
    case 'and':
      return (
        isTruthy(evaluate(condition.left, world)) && isTruthy(evaluate(condition.right, world))
      );
    case 'or':
      return (
        isTruthy(evaluate(condition.left, world)) || isTruthy(evaluate(condition.right, world))
      );
    case 'exists':
      return evaluate(condition.of, world) !== undefined;
    case 'not':
    case 'boolean': {
      const value = evaluate(condition.of, world);
      return value === undefined ? undefined : isTruthy(value) === (condition.kind === 'boolean');
    }
    case 'in':
      return condition.list.includes(evaluate(condition.of, world));
    case 'if':
      return isTruthy(evaluate(condition.test, world))
        ? evaluate(condition.then, world)
        : evaluate(condition.otherwise, world);
    case 'compare':
      return compare(
        condition.operator,
        evaluate(condition.left, world),
        evaluate(condition.right, world),
      );
  }
}

function compare(operator: Comparison, left: Value, right: Value): Value {
  if (operator === '=' || operator === '!=') {
    if (left === undefined || right === undefined) return false;
    return (left === right) === (operator === '=');
  }
  const sides = [left, right].map((side) => typeof side);
  if (sides.some((type) => type !== 'number' && type !== 'string' && type !== 'undefined')) {
    throw new EvaluationFailed();
  }
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === 'number' && typeof right === 'number') return order(operator, left - right);
  if (typeof left === 'string' && typeof right === 'string') {
    return order(operator, left < right ? -1 : Number(left > right));
  }
  throw new EvaluationFailed();
}

function order(operator: '<' | '<=' | '>' | '>=', difference: number): boolean {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}

function isTruthy(value: Value): boolean {
  return typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : Boolean(value);
}
