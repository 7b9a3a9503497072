import { ChainedEvent, chainLine, chainSeed, type ChainedRun } from '../bundle/event-chain.ts';

/** What a chain's text turned out to be. */
export interface CheckedChain {
  /** The events, where every line of them could be read. */
  readonly events: readonly ChainedEvent[];
  readonly count: number;
  /** Hash of the last line; of no line, the seed. */
  readonly head: string;
  readonly problems: readonly string[];
}

interface Line {
  readonly number: number;
  readonly event: ChainedEvent | undefined;
  /** Whether its hash is of what it says. */
  readonly isWhole: boolean;
}

/**
 * Follows a chain from its seed, and says of each line what is wrong with it: changed, repeated, added,
 * out of order, or events missing before it.
 *
 * What is missing at the end is for whoever knows how many there were.
 */
export function checkChain(text: string, run: ChainedRun): CheckedChain {
  const lines = text.split('\n').slice(0, -1).map(readLine);
  const problems = text === '' || text.endsWith('\n') ? [] : ['the last line does not end'];
  const present = new Set(
    lines.flatMap(({ event, isWhole }) => (isWhole && event ? event.sequence : [])),
  );
  const seen = new Map<number, string>();
  let [expected, previous]: [number, string | undefined] = [1, chainSeed(run)];
  for (const { number, event, isWhole } of lines) {
    if (event === undefined || !isWhole) {
      problems.push(`line ${number} ${event === undefined ? unread : changed}`);
      // Its hash or number may be what was changed: the next line is taken as it is.
      seen.set(expected, event?.hash ?? '');
      [expected, previous] = [expected + 1, undefined];
      continue;
    }
    const { sequence, hash } = event;
    const before = seen.get(sequence);
    if (before !== undefined) {
      problems.push(
        `line ${number} ${before === hash ? 'repeats' : 'was added: there is another'} event ${sequence}`,
      );
      continue;
    }
    seen.set(sequence, hash);
    if (sequence !== expected) {
      problems.push(`line ${number} ${misplaced(sequence, expected, present)}`);
    } else if (previous !== undefined && event.previous !== previous) {
      problems.push(`line ${number} does not follow the line before: another event stood there`);
    }
    if (sequence >= expected) [expected, previous] = [sequence + 1, hash];
  }
  return {
    events: lines.flatMap(({ event }) => event ?? []),
    count: lines.length,
    head: lines.at(-1)?.event?.hash ?? chainSeed(run),
    problems,
  };
}

const unread = 'is no event of a chain';
const changed = 'was changed: its hash is not of what it says';

function misplaced(sequence: number, expected: number, present: ReadonlySet<number>): string {
  const missing = [];
  for (let each = expected; each < sequence && missing.length < 2; each += 1) {
    if (!present.has(each)) missing.push(each);
  }
  return missing.length > 0
    ? `has event ${sequence} where ${expected} belongs: events are missing before it`
    : `is out of order: it has event ${sequence} where ${expected} belongs`;
}

function readLine(line: string, index: number): Line {
  const number = index + 1;
  const { data } = ChainedEvent.safeParse(parse(line));
  if (data === undefined) return { number, event: undefined, isWhole: false };
  const { hash, ...fields } = data;
  const written = chainLine(fields);
  return { number, event: data, isWhole: written.hash === hash && written.line === line };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
