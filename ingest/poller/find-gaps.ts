import type { LostGap, OpenGap } from '../../ledger/sensors/gaps.ts';

/** What is known of a boot before a chunk. */
export interface KnownBoot {
  readonly device: string;
  readonly boot: string;
  /** The highest number that came, or was told of; -1 where there is none. */
  readonly highest: number;
  /** Time of its latest message, in seconds; of the boot before it, where it has none. */
  readonly lastAt: number | undefined;
  /** In order. */
  readonly open: readonly OpenGap[];
}

/** What a chunk brings of a boot. */
export interface BootNews {
  /** Numbers that came, with their times in seconds. */
  readonly received: ReadonlyMap<number, number>;
  /** A later boot tells how many numbers there were; when it told, in seconds. */
  readonly told?: { readonly messages: number; readonly at: number } | undefined;
  /** The chunk's own time. */
  readonly now: string;
}

/** What becomes of a boot's gaps. */
export interface FoundGaps {
  readonly highest: number;
  /** Open from now on, in order. */
  readonly open: readonly LostGap[];
  /** Items to write, in this order. */
  readonly writes: readonly LostGap[];
}

/**
 * Finds what is missing of a boot after a chunk: what it leaves out beyond the highest number, and what
 * it leaves of the gaps that there were.
 *
 * It depends on the set of numbers only, and not on their order. Writes go from the right to the left,
 * so that an apply that was cut off anywhere leaves what the same apply, done again, makes the same of.
 */
export function findGaps(known: KnownBoot, news: BootNews): FoundGaps {
  const seqs = [...news.received.keys()].sort((left, right) => left - right);
  const highest = Math.max(known.highest, seqs.at(-1) ?? -1, (news.told?.messages ?? 0) - 1);
  const open: LostGap[] = [];
  const writes: LostGap[] = [];

  for (const gap of known.open) {
    const inside = between(seqs, gap.fromSeq, gap.toSeq);
    if (inside.length === 0 && gap.coversTo === undefined) {
      open.push(gap);
      continue;
    }
    const { coversTo, ...before } = gap;
    const left = runsWithout(inside, gap.fromSeq, gap.toSeq).map(([fromSeq, toSeq]) => ({
      ...before,
      fromSeq,
      toSeq,
      from: iso(news.received.get(fromSeq - 1)) ?? gap.from,
      to: iso(news.received.get(toSeq + 1)) ?? gap.to,
    }));
    open.push(...left);
    const [first] = left;
    if (first?.fromSeq !== gap.fromSeq) {
      const toSeq = first === undefined ? (coversTo ?? gap.toSeq) : first.fromSeq - 1;
      writes.push({ ...before, toSeq, closedAt: news.now });
    }
    writes.push(...left);
  }

  const { device, boot } = known;
  for (const [fromSeq, toSeq] of runsWithout(seqs, known.highest + 1, highest)) {
    const to = iso(news.received.get(toSeq + 1) ?? news.told?.at);
    const from = iso(news.received.get(fromSeq - 1) ?? known.lastAt) ?? to ?? news.now;
    const gap: LostGap = {
      device,
      boot,
      reason: 'LOST',
      fromSeq,
      toSeq,
      from,
      foundAt: news.now,
      ...(to !== undefined && { to }),
    };
    open.push(gap);
    writes.push(gap);
  }
  return { highest, open, writes: writes.sort((left, right) => right.fromSeq - left.fromSeq) };
}

/** Those of some sorted numbers that are in a range. */
function between(seqs: readonly number[], from: number, to: number): number[] {
  return seqs.filter((seq) => seq >= from && seq <= to);
}

/** The runs of numbers of a range that are not among some sorted ones. */
function runsWithout(seqs: readonly number[], from: number, to: number): [number, number][] {
  const runs: [number, number][] = [];
  let next = from;
  for (const seq of between(seqs, from, to)) {
    if (seq > next) runs.push([next, seq - 1]);
    next = seq + 1;
  }
  if (next <= to) runs.push([next, to]);
  return runs;
}

function iso(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}
