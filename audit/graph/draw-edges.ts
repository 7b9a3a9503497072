import {
  arrowHead,
  type Box,
  bottom,
  centre,
  fixed,
  type Point,
  right,
  roundedPath,
} from './geometry.ts';
import type { EdgeFacts } from './graph-facts.ts';
import type { Layout } from './layout.ts';
import type { GraphEdge } from './machine-graph.ts';
import { attributes, escaped } from './markup.ts';
import { fontSize, textWidth } from './text-size.ts';
import { errorList, times } from './words.ts';

const busGap = 18;
const gutterGap = 20;

/** A transition, what a record says of it, and the way it takes. */
interface Routed {
  readonly edge: GraphEdge;
  readonly facts: EdgeFacts | undefined;
  readonly points: readonly Point[];
  /** Where there is room for a label: from here to the right, so wide. */
  readonly room?: { readonly at: Point; readonly width: number };
}

/** Room that transitions upwards need on the right of a layout. */
export const gutter = { right: 34 } as const;

/**
 * Draws the transitions of a graph: those that were not taken first, dashed, then those that were.
 *
 * What goes to a state further right, a Catch above all, joins one line beside that state: its bus.
 * What goes back up takes the outside.
 */
export function drawEdges(
  edges: readonly GraphEdge[],
  layout: Layout,
  factsOf: (edge: GraphEdge) => EdgeFacts | undefined,
): string {
  const { boxes } = layout;
  const buses = busesOf(edges, layout);
  const routed = edges.flatMap((edge): Routed[] => {
    const [from, to] = [boxes.get(edge.from), boxes.get(edge.to)];
    if (from === undefined || to === undefined) return [];
    const bus = to.x > right(from) ? buses.get(edge.to) : undefined;
    return [{ edge, facts: factsOf(edge), ...route(from, to, bus, layout.width) }];
  });
  const isTaken = ({ facts }: Routed) => facts !== undefined && facts.taken > 0;
  const open = routed.filter((each) => !isTaken(each));
  const near = open.toSorted((a, b) => lengthOf(a) - lengthOf(b));
  const covered = new Map<string, Reach>();
  return [
    ...near.map((each) => drawOpen(each, covered)),
    ...routed.filter(isTaken).map(drawTaken),
  ].join('\n');
}

/** Where each state's bus stands: beside its column, so that no two states share one. */
function busesOf(edges: readonly GraphEdge[], { boxes }: Layout): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [name, to] of boxes) {
    const isMet = edges.some((edge) => {
      const from = boxes.get(edge.from);
      return edge.to === name && from !== undefined && to.x > right(from);
    });
    if (!isMet) continue;
    const column = [...boxes.values()].filter((box) => isSameColumn(box, to));
    const nearest = Math.min(...column.map(({ x }) => x)) - busGap;
    const beside = [...found.values()].filter((bus) => Math.abs(bus - nearest) < 100).length;
    found.set(name, nearest - beside * 9);
  }
  return found;
}

const isSameColumn = (a: Box, b: Box): boolean => Math.abs(centre(a)[0] - centre(b)[0]) < 1;

function route(
  from: Box,
  to: Box,
  bus: number | undefined,
  width: number,
): Pick<Routed, 'points' | 'room'> {
  const [[fromX, fromY], [toX, toY]] = [centre(from), centre(to)];
  if (bus !== undefined) {
    const start: Point = [right(from), fromY];
    const room = { at: start, width: bus - right(from) };
    if (Math.abs(fromY - toY) < 12) return { points: [start, [to.x, fromY]], room };
    return { points: [start, [bus, fromY], [bus, toY], [to.x, toY]], room };
  }
  if (to.y >= bottom(from)) {
    if (Math.abs(fromX - toX) < 1)
      return {
        points: [
          [fromX, bottom(from)],
          [toX, to.y],
        ],
      };
    const half = (bottom(from) + to.y) / 2;
    return {
      points: [
        [fromX, bottom(from)],
        [fromX, half],
        [toX, half],
        [toX, to.y],
      ],
    };
  }
  const outside = width + gutterGap;
  const above = to.y - 17;
  const entry = toX + to.width / 4;
  return {
    points: [
      [right(from), fromY],
      [outside, fromY],
      [outside, above],
      [entry, above],
      [entry, to.y],
    ],
  };
}

function lengthOf({ points }: Routed): number {
  return Math.abs((points[0]?.[1] ?? 0) - (points.at(-1)?.[1] ?? 0));
}

/** How far a bus is drawn already, upwards and downwards. */
interface Reach {
  up: number;
  down: number;
}

/** Draws of a bus only what is not there yet: dashes over dashes would look solid. */
function drawOpen({ edge, facts, points, room }: Routed, covered: Map<string, Reach>): string {
  const look = facts === undefined ? 'czar-plain-path' : 'czar-open';
  const [start, corner, turn, tip] = points;
  if (room === undefined || !start || !corner || !turn || !tip) {
    const path = `<path d="${roundedPath(points)}"/>${headOf(points)}`;
    return group(edge, facts, look, path);
  }
  const reach = covered.get(edge.to);
  const [bus, y] = corner;
  const isBelow = y > tip[1];
  const until = isBelow ? reach?.down : reach?.up;
  const shown: Point[] =
    until === undefined ? [start, corner, turn, tip] : [start, corner, [bus, until]];
  const grown = reach ?? { up: tip[1], down: tip[1] };
  if (isBelow) grown.down = y;
  else grown.up = y;
  covered.set(edge.to, grown);
  const head = until === undefined ? headOf(points) : '';
  return group(edge, facts, look, `<path d="${roundedPath(shown)}"/>${head}`);
}

function drawTaken({ edge, facts, points, room }: Routed): string {
  const errors = facts?.errors ?? new Map<string, number>();
  const isCaught = errors.size > 0;
  const path = `<path d="${roundedPath(points)}"/>${headOf(points)}`;
  const label = isCaught ? edgeLabel(errorList(errors), room) : '';
  return group(edge, facts, isCaught ? 'czar-catch' : 'czar-taken', path + label);
}

const headOf = (points: readonly Point[]): string => `<polygon points="${arrowHead(points)}"/>`;

/** How much room the label of a transition needs beside its state. */
export const labelRoom = (text: string): number => textWidth(text, fontSize.lane) + 14;

function edgeLabel(texts: readonly string[], room: Routed['room']): string {
  const text = texts.join(', ');
  if (room === undefined || labelRoom(text) > room.width) return '';
  const [x, y] = room.at;
  return `<text x="${fixed(x + 7)}" y="${fixed(y - 5)}" font-size="${fontSize.lane}">${escaped(text)}</text>`;
}

function group(
  { from, to, isCatch, isNext }: GraphEdge,
  facts: EdgeFacts | undefined,
  look: string,
  content: string,
): string {
  const caught = facts === undefined ? '' : errorList(facts.errors).join(', ');
  const way =
    facts === undefined ? '' : facts.taken === 0 ? ', not taken' : `, taken${times(facts.taken)}`;
  const kind = isCatch && !isNext ? ' (Catch)' : '';
  const title = `${from} to ${to}${kind}${way}${caught === '' ? '' : `, caught ${caught}`}`;
  const data = attributes({
    class: look,
    'data-from': from,
    'data-to': to,
    'data-taken': facts?.taken,
    'data-caught': caught === '' ? undefined : caught,
  });
  return `<g${data}><title>${escaped(title)}</title>${content}</g>`;
}
