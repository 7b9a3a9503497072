import { type Branch, readMachine, type State } from '../../workflow/checks/machine.ts';

/** A transition between two states; one that is both a Next and a Catch is drawn once. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Whether it is taken when nothing fails. */
  readonly isNext: boolean;
  readonly isCatch: boolean;
}

/** A state of the graph; a Map has the graph of its processor. */
export interface GraphNode {
  readonly name: string;
  readonly type: State['Type'];
  readonly inner?: MachineGraph;
}

/** States and transitions, in the order in which the story reaches them. */
export interface MachineGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/**
 * Reads the graph of a definition, parsed JSON.
 *
 * Its order is that of the states as they are reached from the start, Next before Default before
 * Choices before Catch: the definition's own order tells nothing.
 */
export function readMachineGraph(definition: unknown): MachineGraph {
  return graphOf(readMachine(definition));
}

function graphOf({ StartAt, States }: Branch): MachineGraph {
  const reached = [StartAt];
  const edges: GraphEdge[] = [];
  for (const name of reached) {
    const state = States[name];
    if (state === undefined) continue;
    for (const edge of edgesOf(name, state)) {
      edges.push(edge);
      if (!reached.includes(edge.to)) reached.push(edge.to);
    }
  }
  return { nodes: reached.flatMap((name) => nodeOf(name, States[name])), edges };
}

function nodeOf(name: string, state: State | undefined): GraphNode[] {
  if (state === undefined) return [];
  const inner = state.ItemProcessor;
  return [{ name, type: state.Type, ...(inner !== undefined && { inner: graphOf(inner) }) }];
}

function edgesOf(from: string, { Next, Default, Choices = [], Catch = [] }: State): GraphEdge[] {
  const next = [Next, Default, ...Choices.map((rule) => rule.Next)].filter(
    (to) => to !== undefined,
  );
  const caught = Catch.map((catcher) => catcher.Next);
  return [...new Set([...next, ...caught])].map((to) => ({
    from,
    to,
    isNext: next.includes(to),
    isCatch: caught.includes(to),
  }));
}
