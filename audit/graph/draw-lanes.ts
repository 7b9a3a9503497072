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
    for (const lane of own) {
      parts.push(drawLane(lane, { x: left, y: top, height: rowHeight(lanes) }, span));
      top += rowHeight(lanes);
    }
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

function drawLane(
  lane: WorkerLane,
  { x, y, height }: Pick<Box, 'x' | 'y' | 'height'>,
  span: Span,
): string {
  const bars = x + labelWidth;
  const middle = y + height / 2;
  const thick = Math.min(14, height - 5);
  const scale = (time: string) => ((Date.parse(time) - span.from) / span.ms) * barWidth;
  const attempts = lane.attempts.map(({ started, ended, outcome }) => {
    const from = scale(started);
    const wide = Math.max(2, (ended === undefined ? barWidth : scale(ended)) - from - 1);
    const rect = attributes({
      x: fixed(bars + from),
      y: fixed(middle - thick / 2),
      width: fixed(wide),
      height: fixed(thick),
      rx: 2,
    });
    return `<g class="${lookClass(outcome)}"><rect class="czar-box"${rect}/></g>`;
  });
  const words = bars + barWidth + 12;
  const told =
    icon(lane.outcome, words + 2, middle, 0.72) +
    text(words + 12, middle + 3.6, fontSize.lane, laneWords(lane));
  const data = attributes({
    class: 'czar-lane',
    'data-worker': lane.workerIndex,
    'data-outcome': lane.outcome,
    'data-attempts': lane.attempts.length,
  });
  return `<g${data}><title>${escaped(laneTitle(lane))}</title>${text(x, middle + 3.6, fontSize.lane, String(lane.workerIndex + 1))}${attempts.join('')}<g class="${lookClass(lane.outcome)}">${told}</g></g>`;
}

function laneWords({ outcome, attempts, started, ended }: WorkerLane): string {
  const tried = attempts.length > 1 ? ` · ${attempts.length} machines` : '';
  const lasted =
    ended === undefined ? '' : ` · ${duration(Date.parse(ended) - Date.parse(started))}`;
  return `${outcome}${tried}${lasted}`;
}

/** All that a lane tells, for whoever points at it. */
function laneTitle(lane: WorkerLane): string {
  const machines = lane.attempts.map(({ attempt, instanceId, outcome, error }) =>
    [`machine ${attempt}`, instanceId, outcome, error]
      .filter((part) => part !== undefined)
      .join(' '),
  );
  return `worker ${lane.workerIndex + 1}: ${laneWords(lane)}; ${machines.join('; ')}`;
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
