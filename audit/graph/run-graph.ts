import type { RunRecord } from '../run-record.ts';
import { drawGraph, type Told } from './draw-graph.ts';
import { fixed } from './geometry.ts';
import { GraphFacts } from './graph-facts.ts';
import { icon } from './icon.ts';
import { type MachineGraph, readMachineGraph } from './machine-graph.ts';
import { escaped } from './markup.ts';
import { type Look, lookClass, style } from './palette.ts';
import { fontSize, textWidth } from './text-size.ts';
import { headline, stateLines } from './words.ts';

const margin = 20;
const headHeight = 58;

/**
 * Draws a state machine as an SVG, and what became of it where a record is given.
 *
 * Each outcome has an icon and a word besides its colour; the path that was not taken is dashed. It
 * brings its own background, follows the reader's light or dark scheme, and holds no script, no font
 * and no id: one page can hold many. The same definition and record give the same bytes. With `linkTo`,
 * each state is a link, and the drawing a group of links instead of one picture.
 *
 * @throws EvidenceError where record and definition are not of one machine.
 * @throws CheckRefusedError for what is no state machine, or one of JSONPath.
 */
export function drawRunGraph(
  definition: unknown,
  record?: RunRecord,
  { linkTo }: { readonly linkTo?: (state: string) => string } = {},
): string {
  const graph = readMachineGraph(definition);
  const told: Told | undefined = record && {
    facts: new GraphFacts(graph, record),
    workers: record.workers,
    linkTo,
  };
  const drawing = drawGraph(graph, told);
  const title = record === undefined ? 'State machine of a batch' : headline(record);
  const legend = told === undefined ? undefined : drawLegend(looksIn(graph, told));
  const top = legend === undefined ? margin : margin + headHeight;
  const headWidth = Math.max(textWidth(title, fontSize.title, true), legend?.width ?? 0);
  const width = Math.ceil(Math.max(drawing.width, headWidth) + 2 * margin);
  const height = Math.ceil(drawing.height + top + margin);
  const head =
    legend === undefined
      ? ''
      : `<text x="${margin}" y="${margin + 14}" font-size="${fontSize.title}" font-weight="600">${escaped(title)}</text><g transform="translate(${margin},${margin + 34})">${legend.markup}</g>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="czar-run-graph" role="${linkTo === undefined ? 'img' : 'group'}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(description(graph, told))}</desc>`,
    `<style>${style()}</style>`,
    `<rect class="czar-back" width="${width}" height="${height}" rx="8"/>`,
    head,
    `<g transform="translate(${margin},${fixed(top)})">`,
    drawing.markup,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function namesIn({ nodes }: MachineGraph): string[] {
  return nodes.flatMap(({ name, inner }) => [name, ...(inner ? namesIn(inner) : [])]);
}

const legendOrder: readonly Look[] = [
  'succeeded',
  'caught',
  'failed',
  'gave up',
  'aborted',
  'running',
  'not entered',
];

function looksIn(graph: MachineGraph, { facts, workers }: Told): Look[] {
  const found = new Set<Look>([
    ...namesIn(graph).map((name) => facts.state(name).outcome),
    ...workers.map(({ outcome }) => outcome),
    ...workers.flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome)),
  ]);
  return legendOrder.filter((look) => found.has(look));
}

function drawLegend(looks: readonly Look[]): { readonly markup: string; readonly width: number } {
  let x = 0;
  const parts = looks.map((look) => {
    const at = x;
    x += 24 + textWidth(look, fontSize.line) + 18;
    return `<g class="${lookClass(look)}">${icon(look, at + 8, 0)}<text x="${fixed(at + 22)}" y="4" font-size="${fontSize.line}">${look}</text></g>`;
  });
  return { markup: parts.join(''), width: x };
}

/** The graph in words, for whoever does not see it. */
function description(graph: MachineGraph, told: Told | undefined): string {
  const states = namesIn(graph).map((name) =>
    told === undefined ? name : `${name}: ${stateLines(told.facts.state(name)).join(', ')}`,
  );
  const workers = Map.groupBy(
    told?.workers ?? [],
    ({ outcome, attempts }) =>
      `${outcome}, ${attempts.length} ${attempts.length === 1 ? 'machine' : 'machines'}`,
  );
  const ofWorkers = [...workers].map(([told, those]) => {
    const numbers = those.map(({ workerIndex }) => workerIndex + 1).join(', ');
    return `${those.length === 1 ? 'worker' : 'workers'} ${numbers}: ${told}`;
  });
  return [...states, ...ofWorkers].join('. ');
}
