import jsonata from 'jsonata';
import * as z from 'zod';
import { CheckRefusedError } from './finding.ts';

/** A node of JSONata's syntax tree, of which each kind has fields of its own. */
export interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly [field: string]: unknown;
}

const Node = z.looseObject({ type: z.string(), value: z.unknown().optional() });

/**
 * The syntax tree of a text in `{% %}`; undefined for any other text.
 *
 * @throws CheckRefusedError when it is not JSONata.
 */
export function parseExpression(text: string): Node | undefined {
  if (!text.startsWith('{%') || !text.endsWith('%}')) return undefined;
  try {
    return Node.parse(jsonata(text.slice(2, -2)).ast());
  } catch (error) {
    throw new CheckRefusedError(`not a JSONata expression: ${text}`, { cause: error });
  }
}

/** A node's child in one of its fields. */
export function childOf(node: Node, field: string): Node | undefined {
  const child = Node.safeParse(node[field]);
  return child.success ? child.data : undefined;
}

/** A node's children in one of its lists. */
export function childrenOf(node: Node, field: string): Node[] {
  const children = z.array(Node).safeParse(node[field]);
  return children.success ? children.data : [];
}

/** The node itself and all below it. */
export function* nodesIn(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const element of value) yield* nodesIn(element);
  } else if (typeof value === 'object' && value !== null) {
    const node = Node.safeParse(value);
    if (node.success) yield node.data;
    for (const member of Object.values(value)) yield* nodesIn(member);
  }
}

/** The same text for the same expression, however it is spaced. */
export function canonical(node: Node): string {
  return JSON.stringify(node, (key, value: unknown) => (key === 'position' ? undefined : value));
}

/** The name of the function that a node calls. */
export function calledBy(node: Node): string | undefined {
  const procedure = node.type === 'function' ? childOf(node, 'procedure') : undefined;
  return procedure?.type === 'variable' ? String(procedure.value) : undefined;
}

/** The expressions in a template: JSON of which some texts are in `{% %}`. */
export function* expressionsIn(template: unknown): Generator<Node> {
  if (typeof template === 'string') {
    const node = parseExpression(template);
    if (node !== undefined) yield node;
  } else if (typeof template === 'object' && template !== null) {
    for (const member of Object.values(template)) yield* expressionsIn(member);
  }
}

/**
 * The state machine's variables that an expression reads and does not ask for with `$exists`.
 *
 * Functions, names that the expression binds itself, `$states`, `$` and `$$` are none.
 */
export function variablesRead(expression: Node): Set<string> {
  const read = new Set<string>();
  const own = new Set(['states', '', '$']);
  for (const node of nodesIn(expression)) {
    if (node.type === 'variable') read.add(String(node.value));
    const bound = node.type === 'bind' ? childOf(node, 'lhs') : undefined;
    if (bound !== undefined) own.add(String(bound.value));
    if (node.type === 'lambda') {
      for (const argument of childrenOf(node, 'arguments')) own.add(String(argument.value));
    }
    const called = calledBy(node);
    if (called !== undefined) own.add(called);
    if (called === 'exists') {
      for (const asked of nodesIn(node.arguments)) {
        if (asked.type === 'variable') own.add(String(asked.value));
      }
    }
  }
  return read.difference(own);
}
