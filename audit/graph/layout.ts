import { Graph, layout } from '@dagrejs/dagre';
import { bottom, type Box } from './geometry.ts';
import type { GraphEdge, MachineGraph } from './machine-graph.ts';

/** Where everything of a graph stands. */
export interface Layout {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly width: number;
  readonly height: number;
}

type Sizes = ReadonlyMap<string, Pick<Box, 'width' | 'height'>>;

const rankGap = 40;

/**
 * Lays a graph out from top to bottom, in columns: the story in the first, and what branches off it
 * in those beside, with room for the transitions in between.
 *
 * dagre ranks the states. Only the transitions that tell the story decide who stands below whom: of
 * those into a state that catches, the first. So the failure path stands beside the main path and
 * not below all of it. dagre's own columns waver with the widths of the states, and are not used.
 */
export function layOut({ nodes, edges }: MachineGraph, sizes: Sizes, columnGap: number): Layout {
  const names = nodes.map(({ name }) => name);
  const story = storyEdges(edges, names);
  const ranked = rank(names, story, sizes);
  const boxes = new Map<string, Box>();
  let left = 0;
  for (const column of columnsOf(names, story, ranked)) {
    const width = Math.max(...column.flat().map((name) => sizes.get(name)?.width ?? 0));
    let free = -Infinity;
    for (const chain of column) {
      for (const [index, name] of chain.entries()) {
        const { height = 0, width: own = 0 } = sizes.get(name) ?? {};
        const top = (ranked.get(name) ?? 0) - height / 2;
        // Beside the story a chain closes up; in it, ranks are kept.
        const y = left === 0 || index === 0 ? Math.max(top, free) : free;
        const box = { x: left + (width - own) / 2, y, width: own, height };
        boxes.set(name, box);
        free = bottom(box) + rankGap;
      }
    }
    left += width + columnGap;
  }
  const height = Math.max(...[...boxes.values()].map(bottom));
  return { boxes, width: left - columnGap, height };
}

/** The middles of the states, from above, by dagre's ranks. */
function rank(
  names: readonly string[],
  story: readonly GraphEdge[],
  sizes: Sizes,
): ReadonlyMap<string, number> {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', ranksep: rankGap });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const name of names) {
    const { width = 0, height = 0 } = sizes.get(name) ?? {};
    // dagre writes into what it is given.
    graph.setNode(name, { width, height });
  }
  for (const { from, to } of story) graph.setEdge(from, to);
  layout(graph);
  return new Map(names.map((name) => [name, graph.node(name).y]));
}

/** Chains of states in their columns: each goes to the first that has its ranks free. */
function columnsOf(
  names: readonly string[],
  story: readonly GraphEdge[],
  ranked: ReadonlyMap<string, number>,
): string[][][] {
  const columns: string[][][] = [];
  for (const chain of chainsOf(names, story)) {
    const taken = (column: string[][]) =>
      column.flat().some((other) => chain.some((name) => ranked.get(name) === ranked.get(other)));
    const column = columns.find((each, index) => index > 0 && !taken(each));
    if (column === undefined) columns.push([chain]);
    else column.push(chain);
  }
  return columns.map((column) =>
    column.toSorted(([a = ''], [b = '']) => (ranked.get(a) ?? 0) - (ranked.get(b) ?? 0)),
  );
}

/** States that follow each other: each goes on with the first that nobody else went on with. */
function chainsOf(names: readonly string[], story: readonly GraphEdge[]): string[][] {
  const chained = new Set<string>();
  return names.flatMap((start) => {
    const chain: string[] = [];
    let next: string | undefined = start;
    while (next !== undefined && !chained.has(next)) {
      const last: string = next;
      chain.push(last);
      chained.add(last);
      next = story.find(({ from, isNext }) => from === last && isNext)?.to;
    }
    return chain.length === 0 ? [] : [chain];
  });
}

function storyEdges(edges: readonly GraphEdge[], names: readonly string[]): GraphEdge[] {
  const order = new Map(names.map((name, index) => [name, index]));
  const isForward = ({ from, to }: GraphEdge) => (order.get(from) ?? 0) < (order.get(to) ?? 0);
  return edges.filter((edge) => {
    const into = edges.filter(({ to }) => to === edge.to);
    if (into.some(({ isCatch, isNext }) => isCatch && !isNext)) return into[0] === edge;
    return isForward(edge);
  });
}
