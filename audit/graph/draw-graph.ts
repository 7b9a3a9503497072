import type { RunRecord } from '../run-record.ts';
import { drawEdges, gutter, labelRoom } from './draw-edges.ts';
import { drawLanes, lanesSize } from './draw-lanes.ts';
import { drawLabel, drawState, labelOf, labelSize } from './draw-state.ts';
import { type Box, fixed } from './geometry.ts';
import type { GraphFacts } from './graph-facts.ts';
import { layOut } from './layout.ts';
import type { GraphNode, MachineGraph } from './machine-graph.ts';
import { attributes } from './markup.ts';
import { lookClass } from './palette.ts';
import { errorList } from './words.ts';

/** What a graph is drawn with: nothing for the plain one. */
export interface Told {
  readonly facts: GraphFacts;
  readonly workers: RunRecord['workers'];
  /** Where a state leads to, by its name. */
  readonly linkTo?: ((state: string) => string) | undefined;
}

/** A graph, drawn from 0, 0 on. */
export interface Drawing extends Pick<Box, 'width' | 'height'> {
  readonly markup: string;
}

const padding = 16;
const leastColumnGap = 56;

/** Draws a graph; a Map is a box with the graph of its processor, and its workers beside it. */
export function drawGraph(graph: MachineGraph, told?: Told): Drawing {
  const maps = new Map(
    graph.nodes.flatMap((node) =>
      node.inner ? [[node.name, drawMap(node, node.inner, told)]] : [],
    ),
  );
  const factsOf = ({ name }: GraphNode) => told?.facts.state(name);
  const sizes = new Map(
    graph.nodes.map((node) => [
      node.name,
      maps.get(node.name) ?? labelSize(labelOf(node, factsOf(node))),
    ]),
  );
  const layout = layOut(graph, sizes, columnGap(graph, told));
  const states = graph.nodes.map((node) => {
    const box = layout.boxes.get(node.name) ?? { x: 0, y: 0, width: 0, height: 0 };
    const map = maps.get(node.name);
    if (map === undefined) {
      return linked(node, drawState(node, labelOf(node, factsOf(node)), box, factsOf(node)), told);
    }
    return `<g transform="translate(${fixed(box.x)},${fixed(box.y)})">${map.markup}</g>`;
  });
  const edges = drawEdges(graph.edges, layout, ({ from, to }) => told?.facts.edge(from, to));
  const goesBack = edges.length > 0;
  return {
    width: layout.width + (goesBack ? gutter.right : 0),
    height: layout.height,
    markup: `${edges}\n${states.join('\n')}`,
  };
}

function drawMap(node: GraphNode, inner: MachineGraph, told: Told | undefined): Drawing {
  const facts = told?.facts.state(node.name);
  const label = labelOf(node, facts);
  const title = labelSize(label);
  const states = drawGraph(inner, told);
  const workers = told?.workers ?? [];
  const strip = workers.length === 0 ? { width: 0, height: 0 } : lanesSize(workers);
  const beside = workers.length === 0 ? 0 : strip.width + padding;
  const width = Math.max(title.width, states.width + beside) + 2 * padding;
  const height = title.height + Math.max(states.height, strip.height) + padding + 6;
  const data = attributes({
    class: lookClass(label.look),
    'data-state': node.name,
    'data-outcome': facts?.outcome,
    'data-retries': facts?.retries,
  });
  const panel = attributes({ width: fixed(width), height: fixed(height), rx: 10 });
  const frame = attributes({ fill: 'none', width: fixed(width), height: fixed(height), rx: 10 });
  const header = drawLabel(label, { x: 4, y: 2, width, height: title.height });
  const lanes =
    workers.length === 0
      ? ''
      : drawLanes(workers, { x: width - padding - strip.width, y: title.height, ...strip });
  return {
    width,
    height,
    markup: `<rect class="czar-panel"${panel}/>${linked(node, `<g${data}><rect class="czar-box czar-frame"${frame}/>${header}</g>`, told)}<g transform="translate(${padding},${fixed(title.height)})">${states.markup}</g>${lanes}`,
  };
}

function linked({ name }: GraphNode, state: string, told: Told | undefined): string {
  if (told?.linkTo === undefined) return state;
  return `<a${attributes({ href: told.linkTo(name) })}>${state}</a>`;
}

/** Room between columns: what the label of a Catch that was taken needs. */
function columnGap({ edges }: MachineGraph, told: Told | undefined): number {
  const labels = edges.map(({ from, to }) => {
    const errors = told?.facts.edge(from, to).errors;
    return errors === undefined || errors.size === 0
      ? 0
      : labelRoom(errorList(errors).join(', ')) + 24;
  });
  return Math.max(leastColumnGap, ...labels);
}
