import { type Box, fixed } from './geometry.ts';
import type { StateFacts } from './graph-facts.ts';
import { icon, iconRadius } from './icon.ts';
import type { GraphNode } from './machine-graph.ts';
import { attributes, escaped } from './markup.ts';
import { type Look, lookClass } from './palette.ts';
import { fontSize, textWidth } from './text-size.ts';
import { stateLines } from './words.ts';

const padding = { x: 12, y: 9 } as const;
const nameHeight = 17;
const lineHeight = 15;
const iconWidth = 2 * iconRadius + 8;
const leastWidth = 132;

/** What is written on a state: its name, and below it what a record says. */
export interface StateLabel {
  readonly name: string;
  readonly lines: readonly string[];
  readonly look: Look;
}

/** The label of a state; without facts it is its name alone. */
export function labelOf({ name }: GraphNode, facts: StateFacts | undefined): StateLabel {
  if (facts === undefined) return { name, lines: [], look: 'plain' };
  return { name, lines: stateLines(facts), look: facts.outcome };
}

/** How large the box of a label is. */
export function labelSize({ name, lines, look }: StateLabel): Pick<Box, 'width' | 'height'> {
  const texts = [
    textWidth(name, fontSize.name, true),
    ...lines.map((line) => textWidth(line, fontSize.line)),
  ];
  const beside = look === 'plain' ? 0 : iconWidth;
  return {
    width: Math.max(leastWidth, Math.ceil(Math.max(...texts) + 2 * padding.x + beside)),
    height: 2 * padding.y + nameHeight + lines.length * lineHeight,
  };
}

/** A state: a box with its name; an end has round ends, a Choice is bevelled. */
export function drawState(
  node: GraphNode,
  label: StateLabel,
  box: Box,
  facts?: StateFacts,
): string {
  const { x, y, width, height } = box;
  const isEnd = node.type === 'Succeed' || node.type === 'Fail';
  const shape =
    node.type === 'Choice'
      ? `<path class="czar-box" d="${bevelled(box)}"/>`
      : `<rect class="czar-box"${attributes({ x: fixed(x), y: fixed(y), width: fixed(width), height: fixed(height), rx: isEnd ? fixed(Math.min(height / 2, 24)) : 6 })}/>`;
  const data = attributes({
    class: lookClass(label.look),
    'data-state': node.name,
    'data-outcome': facts?.outcome,
    'data-retries': facts?.retries,
  });
  return `<g${data}>${shape}${drawLabel(label, box)}</g>`;
}

/** A label's text and icon inside of a box, from its upper left corner. */
export function drawLabel({ name, lines, look }: StateLabel, { x, y }: Box): string {
  const left = x + padding.x + (look === 'plain' ? 0 : iconWidth);
  const first = y + padding.y + nameHeight - 4;
  const texts = lines.map(
    (line, index) =>
      `<text x="${fixed(left)}" y="${fixed(first + (index + 1) * lineHeight)}" font-size="${fontSize.line}">${escaped(line)}</text>`,
  );
  const mark = look === 'plain' ? '' : icon(look, x + padding.x + iconRadius, first - 4.5);
  const title = `<text x="${fixed(left)}" y="${fixed(first)}" font-size="${fontSize.name}" font-weight="600">${escaped(name)}</text>`;
  return mark + title + texts.join('');
}

function bevelled({ x, y, width, height }: Box): string {
  const cut = 9;
  const corners = [
    [x + cut, y],
    [x + width - cut, y],
    [x + width, y + cut],
    [x + width, y + height - cut],
    [x + width - cut, y + height],
    [x + cut, y + height],
    [x, y + height - cut],
    [x, y + cut],
  ];
  return `M${corners.map((corner) => corner.map(fixed).join(',')).join('L')}Z`;
}
