import type { RunRecord, WorkerLane } from '../run-record.ts';
import { type Box, fixed } from './geometry.ts';
import { icon } from './icon.ts';
import { attributes, escaped } from './markup.ts';
import { lookClass } from './palette.ts';
import { fontSize, textWidth } from './text-size.ts';
import { duration } from './words.ts';

const labelWidth = 30;
const barWidth = 190;
const headHeight = 42;
const runHeight = 34;
const padding = 12;
/** From the baseline of a text up to its middle. */
const rise = 3.6;

type Lanes = RunRecord['workers'];

/** As many lanes as a Map has at most stand beside its states; few have room to breathe. */
const rowHeight = (lanes: Lanes): number => (lanes.length <= 8 ? 26 : lanes.length <= 20 ? 20 : 16);

const runsOf = (lanes: Lanes): number[] => [...new Set(lanes.map(({ redrive }) => redrive))];

/** How large the strip of a run's workers is. */
export function lanesSize(lanes: Lanes): Pick<Box, 'width' | 'height'> {
  const words = lanes.map((lane) => textWidth(laneWords(lane), fontSize.lane));
  const runs = runsOf(lanes).length;
  return {
    width: 2 * padding + labelWidth + barWidth + 24 + Math.max(0, ...words),
    height:
      headHeight + lanes.length * rowHeight(lanes) + (runs > 1 ? runs * runHeight : 0) + padding,
  };
}

/** The workers side by side: a lane for each, a bar for each machine that was tried, over the same time. */
export function drawLanes(lanes: Lanes, box: Box): string {
  const { x, y, width, height } = box;
  const left = x + padding;
  const runs = runsOf(lanes);
  const parts = [
    `<rect class="czar-strip"${attributes({ x: fixed(x), y: fixed(y), width: fixed(width), height: fixed(height), rx: 6 })}/>`,
    text(left, y + 20, fontSize.line, heading(lanes), 600),
  ];
  let top = y + headHeight;
  for (const redrive of runs) {
    const own = lanes.filter((lane) => lane.redrive === redrive);
    const span = spanOf(own);
    if (runs.length > 1) {
      const run = redrive === 0 ? 'first run' : `after redrive ${redrive}`;
      parts.push(text(left, top + 4, fontSize.lane, run, 600));
      top += runHeight;
    }
    parts.push(axis(left + labelWidth, top, span, own.length * rowHeight(lanes)));
    const rows = own.map((lane, index) =>
      drawLane(lane, { y: (index + 0.5) * rowHeight(lanes), height: rowHeight(lanes) }, span),
    );
    parts.push(
      `<g font-size="${fontSize.lane}" transform="translate(${fixed(left)},${fixed(top)})">`,
      ...rows,
      '</g>',
    );
    top += own.length * rowHeight(lanes);
  }
  return parts.join('\n');
}

function heading(lanes: Lanes): string {
  const runs = runsOf(lanes).length;
  if (runs > 1) return `workers of ${runs} runs`;
  return `${lanes.length} ${lanes.length === 1 ? 'worker' : 'workers'}`;
}

interface Span {
  readonly from: number;
  readonly ms: number;
}

function spanOf(lanes: Lanes): Span {
  const from = Math.min(...lanes.map(({ started }) => Date.parse(started)));
  const to = Math.max(...lanes.map(({ started, ended }) => Date.parse(ended ?? started)));
  return { from, ms: Math.max(1, to - from) };
}

function axis(x: number, top: number, { ms }: Span, height: number): string {
  const rule = (at: number) =>
    `<path class="czar-rule" d="M${fixed(at)},${fixed(top - 2)}V${fixed(top + height)}"/>`;
  return (
    rule(x) +
    rule(x + barWidth) +
    text(x, top - 6, fontSize.lane, '0 s', 400, 'start', true) +
    text(x + barWidth, top - 6, fontSize.lane, duration(ms), 400, 'end', true)
  );
}

/** A lane, its origin where its texts stand. What tells its outcome is its own; each bar tells that of its machine. */
function drawLane(lane: WorkerLane, { y, height }: Pick<Box, 'y' | 'height'>, span: Span): string {
  const thick = Math.min(14, height - 5);
  const scale = (time: string) => ((Date.parse(time) - span.from) / span.ms) * barWidth;
  const bars = lane.attempts.map(({ started, ended, outcome }) => {
    const from = scale(started);
    const wide = Math.max(2, (ended === undefined ? barWidth : scale(ended)) - from - 1);
    const rect = attributes({
      x: fixed(labelWidth + from),
      y: fixed(-thick / 2 - rise),
      width: fixed(wide),
      height: fixed(thick),
      rx: 2,
    });
    const bar = `<rect class="czar-box"${rect}/>`;
    return outcome === lane.outcome ? bar : `<g class="${lookClass(outcome)}">${bar}</g>`;
  });
  const words = labelWidth + barWidth + 12;
  const data = attributes({
    class: lookClass(lane.outcome),
    'data-worker': lane.workerIndex,
    'data-outcome': lane.outcome,
    'data-attempts': lane.attempts.length,
    transform: `translate(0,${fixed(y + rise)})`,
  });
  const number = `<text class="czar-number">${lane.workerIndex + 1}</text>`;
  const told = `<text x="${words + 12}">${escaped(laneWords(lane))}</text>`;
  return `<g${data}><title>${escaped(laneTitle(lane))}</title>${number}${bars.join('')}${icon(lane.outcome, words + 2, -rise, 0.72)}${told}</g>`;
}

function laneWords({ outcome, attempts, started, ended }: WorkerLane): string {
  const tried = attempts.length > 1 ? ` · ${attempts.length} machines` : '';
  const lasted =
    ended === undefined ? '' : ` · ${duration(Date.parse(ended) - Date.parse(started))}`;
  return `${outcome}${tried}${lasted}`;
}

/** The machines of a lane, for whoever points at it. */
function laneTitle(lane: WorkerLane): string {
  const machines = lane.attempts.map(({ attempt, instanceId, outcome, error }) =>
    [`machine ${attempt}`, instanceId, outcome, error]
      .filter((part) => part !== undefined)
      .join(' '),
  );
  return `worker ${lane.workerIndex + 1}: ${machines.join('; ')}`;
}

function text(
  x: number,
  y: number,
  size: number,
  content: string,
  weight = 400,
  anchor: 'start' | 'end' = 'start',
  isQuiet = false,
): string {
  const how = attributes({
    class: isQuiet ? 'czar-quiet' : undefined,
    x: fixed(x),
    y: fixed(y),
    'font-size': size,
    'font-weight': weight === 400 ? undefined : weight,
    'text-anchor': anchor === 'start' ? undefined : anchor,
  });
  return `<text${how}>${escaped(content)}</text>`;
}
