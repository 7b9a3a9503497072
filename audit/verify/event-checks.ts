import type { ChainedEvent } from '../bundle/event-chain.ts';
import { EvidenceError } from '../evidence-error.ts';
import { type Folded, foldHistory } from '../history/fold-history.ts';
import type { RunRecord } from '../run-record.ts';
import { checkChain } from './check-chain.ts';
import { type Check, check } from './check.ts';

/** What the bag's own list says of the chain. */
export interface DeclaredChain {
  readonly count: string;
  readonly head: string;
}

/** Checks the events: that they are a whole chain, and that the record tells what they tell. */
export function eventChecks(text: string, record: RunRecord, declared: DeclaredChain): Check[] {
  const { study, execution } = record;
  const run = { study, executionHash: execution.hash, redrives: execution.redrives };
  const { events, count, head, problems } = checkChain(text, run);
  const told = Number(declared.count);
  return [
    check(
      'events',
      'no event was changed, omitted, added or moved: each has the hash of the one before',
      [
        ...problems,
        ...(count < told ? [`${told - count} events are missing at the end`] : []),
        ...(count > told ? [`${count - told} events were added`] : []),
        ...(head === declared.head
          ? []
          : ['the last event is not the one that bag-info.txt names']),
      ],
    ),
    check(
      'history',
      'the record tells the states, times and outcomes that the events tell',
      historyProblems(events, record),
    ),
  ];
}

function historyProblems(events: readonly ChainedEvent[], record: RunRecord): string[] {
  const folded = fold(events);
  if (typeof folded === 'string') return [folded];
  const { visits, stretches } = folded;
  return [
    ...differences(
      visits.map(({ entered: started, ...visit }) => stay({ ...visit, started })),
      record.states.map(stay),
      'stay',
    ),
    ...differences(stretches.map(run), record.runs.map(run), 'run'),
    ...(stretches.at(-1)?.status === record.execution.status
      ? []
      : ['the status of the record is not that of the last event']),
  ];
}

interface Span {
  readonly started?: Date | string | undefined;
  readonly ended?: Date | string | undefined;
  readonly error?: string | undefined;
}

interface Stay extends Span {
  readonly id: number;
  readonly state: string;
  readonly type: string;
  readonly redrive: number;
  readonly worker?: { readonly index: number } | undefined;
  readonly outcome: string;
  readonly tries: readonly (Span & {
    readonly scheduled: Date | string;
    readonly outcome: string;
  })[];
}

/** What events and record both tell of a stay. Which machine it was of, only an answer told. */
function stay({ id, state, type, redrive, worker, outcome, tries, ...span }: Stay): string {
  const tried = tries.map((each) => [iso(each.scheduled), each.outcome, ...times(each)]);
  return JSON.stringify([id, state, type, redrive, worker?.index, outcome, times(span), tried]);
}

function run({ redrive, status, ...span }: Span & { redrive: number; status: string }): string {
  return JSON.stringify([redrive, status, ...times(span)]);
}

const times = ({ started, ended, error }: Span) => [iso(started), iso(ended), error];

const iso = (time: Date | string | undefined) =>
  time === undefined ? undefined : new Date(time).toISOString();

function differences(found: readonly string[], told: readonly string[], noun: string): string[] {
  const count =
    found.length === told.length
      ? []
      : [`the events tell of ${found.length} ${noun}s, the record of ${told.length}`];
  const wrong = told.flatMap((each, index) =>
    each === found[index] ? [] : [`${noun} ${index + 1} of the record is not what the events tell`],
  );
  return [...count, ...wrong];
}

function fold(events: readonly ChainedEvent[]): Folded | string {
  try {
    return foldHistory(
      events.map(({ sequence, follows, at, type, state, iteration, redrive, error }) => ({
        id: sequence,
        previousId: follows,
        at: new Date(at),
        type,
        state,
        error,
        index: iteration,
        redriveCount: redrive,
      })),
    );
  } catch (error) {
    if (error instanceof EvidenceError) return error.message;
    throw error;
  }
}
