import { fixed } from '../graph/geometry.ts';
import { attributes, escaped } from '../graph/markup.ts';
import { lookClass } from '../graph/palette.ts';
import { textWidth } from '../graph/text-size.ts';
import { duration } from '../graph/words.ts';
import type { Outcome, RunRecord, StateVisit } from '../run-record.ts';
import { ticks } from './ticks.ts';

type Run = RunRecord['runs'][number];

/** A row of bars: the machine's own states, or one machine of a worker. */
interface Lane {
  readonly name: string;
  readonly outcome: Outcome;
  readonly error: string | undefined;
  readonly visits: readonly StateVisit[];
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const width = 1080;
const left = 150;
const right = 190;
const rowHeight = 22;
const barHeight = 14;
/** Of a text on a bar, from its top. Rows are drawn from there on. */
const baseline = barHeight - 3;
const top = 30;
const fontSize = 11;
/** A bar that is too short to see is drawn as wide as this. */
const leastWidth = 2;
/** Between two bars that follow each other. */
const gap = 1.5;
/** All of the time in this state is a wait, though its function is called again and again. */
const waiting = 'Await Worker';

/**
 * Draws when each step of a run was, and where it waited.
 *
 * A bar is a stay in a Task; inside of it, work is filled and wait is not. It has no style of its own:
 * the page's applies.
 */
export function drawTimeline(record: RunRecord, run: Run): string {
  const lanes = lanesOf(record, run);
  const whole = spanOf(lanes, run);
  const height = top + lanes.length * rowHeight + 6;
  const x = (ms: number) =>
    left + ((ms - whole.from) / Math.max(1, whole.to - whole.from)) * (width - left - right);
  const axis = ticks(whole.to - whole.from).map((ms) => {
    const at = fixed(x(whole.from + ms));
    return `<path class="tick" d="M${at},${top - 6}V${height}"/><text class="quiet" text-anchor="middle" x="${at}" y="${top - 12}">${ms === 0 ? '0' : duration(ms)}</text>`;
  });
  const rows = lanes.map((lane, index) =>
    drawLane(lane, { y: top + index * rowHeight, x, run, whole }),
  );
  const title = `Timeline of ${run.redrive === 0 ? 'the run' : `redrive ${run.redrive}`}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" viewBox="0 0 ${width} ${height}" font-size="${fontSize}">`,
    `<title>${title}</title><desc>The table of machines below tells the same in words.</desc>`,
    axis.join(''),
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

/** A run that goes on lasts, as far as is known, until the last that it has entered or left. */
function spanOf(lanes: readonly Lane[], { started, ended }: Run): Span {
  const from = Date.parse(started);
  if (ended !== undefined) return { from, to: Date.parse(ended) };
  const known = lanes.flatMap(({ visits }) =>
    visits.map((visit) => Date.parse(visit.ended ?? visit.started)),
  );
  return { from, to: Math.max(from, ...known) };
}

function lanesOf({ states, workers }: RunRecord, { redrive }: Run): Lane[] {
  const inRun = states.filter(
    (visit) =>
      visit.type === 'Task' &&
      (visit.redrive === redrive || visit.tries.some((each) => each.redrive === redrive)),
  );
  const byId = new Map(inRun.map((visit) => [visit.id, visit]));
  const own = inRun.filter(({ worker }) => worker === undefined);
  const failure = own.find((visit) => outcomeIn(visit, redrive) !== 'succeeded');
  const machines = workers.flatMap(({ workerIndex, attempts }) =>
    attempts.map(({ attempt, outcome, error, steps }) => ({
      name: `Worker ${workerIndex + 1}${attempt === 1 ? '' : `, machine ${attempt}`}`,
      outcome,
      error,
      visits: steps.flatMap(({ visit }) => byId.get(visit) ?? []),
    })),
  );
  const batch = {
    outcome: failure === undefined ? ('succeeded' as const) : outcomeIn(failure, redrive),
    error: failure && errorIn(failure, redrive),
    visits: own,
  };
  return [{ name: 'Batch', ...batch }, ...machines.filter(({ visits }) => visits.length > 0)];
}

/** How a stay stood at the end of a run: one that goes on in a later run ends there, in another way. */
function outcomeIn({ tries, outcome }: StateVisit, redrive: number): Outcome {
  if (!tries.some((each) => each.redrive > redrive)) return outcome;
  return tries.findLast((each) => each.redrive === redrive)?.outcome ?? 'aborted';
}

function errorIn({ tries, error }: StateVisit, redrive: number): string | undefined {
  return tries.findLast((each) => each.redrive === redrive)?.error ?? error;
}

interface Frame {
  readonly x: (ms: number) => number;
  readonly run: Run;
  readonly whole: Span;
}

interface Row extends Frame {
  readonly y: number;
}

function drawLane({ name, outcome, error, visits }: Lane, { y, ...rest }: Row): string {
  const told = error === undefined ? outcome : `${outcome}, ${error}`;
  // What went wrong is drawn last: it may be too short to be seen behind what followed it.
  const isWell = (visit: StateVisit) => outcomeIn(visit, rest.run.redrive) === 'succeeded';
  const bars = visits
    .toSorted((a, b) => Number(isWell(b)) - Number(isWell(a)))
    .map((visit) => drawBar(visit, rest));
  return `<g transform="translate(0,${y + baseline})"><text>${escaped(name)}</text><g class="${lookClass('succeeded')}">${bars.join('')}</g><text class="${lookClass(outcome)}" x="${width - right + 12}">${escaped(told)}</text></g>`;
}

/** A stay as far as it was in the run: one that was redriven has tries in several. */
function drawBar(visit: StateVisit, { x, run, whole }: Frame): string {
  const outcome = outcomeIn(visit, run.redrive);
  const tries = visit.tries.filter(({ redrive }) => redrive === run.redrive);
  const begun =
    visit.redrive === run.redrive ? visit.started : (tries[0]?.scheduled ?? run.started);
  const ended = visit.ended ?? run.ended;
  const from = Date.parse(begun);
  const to = Math.min(whole.to, ended === undefined ? whole.to : Date.parse(ended));
  const works = visit.state === waiting ? [] : tries.flatMap((each) => workOf(each, to));
  const [start, end] = [x(from), Math.max(x(to), x(from) + leastWidth)];
  const workMs = works.reduce((sum, span) => sum + span.to - span.from, 0);
  const waitMs = to - from - workMs;
  const told = [
    ...(waitMs >= 1 ? [`waited ${duration(waitMs)}`] : []),
    ...(workMs >= 1 ? [`worked ${duration(workMs)}`] : []),
    ...(outcome === 'succeeded' ? [] : [outcome]),
  ];
  const title = [visit.state, ...told].join(', ');
  const length = (from: number, until: number) => Math.max(leastWidth, until - from - gap);
  const work = works
    .map(
      (span) =>
        `M${fixed(x(span.from))} ${barHeight / 2 - baseline}h${fixed(length(x(span.from), x(span.to)))}`,
    )
    .join('');
  const [inner, depth] = [length(start, end) - 1, barHeight - 1];
  const parts = [
    // What is all work needs no bar behind it.
    waitMs < 1 && works.length > 0
      ? ''
      : `<path class="wait" d="M${fixed(start + 0.5)} ${0.5 - baseline}h${fixed(inner)}v${depth}h-${fixed(inner)}z"/>`,
    work === '' ? '' : `<path d="${work}"/>`,
  ];
  const own = outcome === 'succeeded' ? undefined : lookClass(outcome);
  return `<g${attributes({ class: own })}><title>${escaped(title)}</title>${parts.join('')}${label(visit.state, works, { start, end, x })}</g>`;
}

function workOf({ started, ended }: StateVisit['tries'][number], to: number): Span[] {
  if (started === undefined) return [];
  return [{ from: Date.parse(started), to: ended === undefined ? to : Date.parse(ended) }];
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly x: (ms: number) => number;
}

/** The state's name, where a stretch of its bar has room for it. */
function label(state: string, works: readonly Span[], { start, end, x }: Place): string {
  const needed = textWidth(state, fontSize) + 8;
  const work = works.find((span) => x(span.to) - x(span.from) >= needed);
  const isAllWait = works.length === 0;
  if (work === undefined && !(isAllWait && end - start >= needed)) return '';
  const at = work === undefined ? start : x(work.from);
  const own = work === undefined ? 'on-wait' : undefined;
  return `<text${attributes({ class: own })} x="${fixed(at + 4)}">${escaped(state)}</text>`;
}
