import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ErrorCode } from '../error-code.ts';
import { EventType, type HistoryEvent } from '../history/history-event.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * A line of the chain: an event's closed fields, in this order.
 *
 * What went through the machine is not among them: no input, answer, parameter, cause or token.
 */
export const ChainedEvent = z.strictObject({
  /** The event's number in the history, from 1. */
  sequence: z.int().min(1),
  /** The event that it follows from; 0 for the first. */
  follows: z.int().min(0),
  at: z.iso.datetime(),
  type: EventType,
  state: z.string().max(80).optional(),
  /** Of a Map's iteration: the worker, from 0. */
  iteration: z.int().min(0).optional(),
  redrive: z.int().min(1).optional(),
  error: ErrorCode.optional(),
  /** The hash of the line before; of the first line, the seed. */
  previous: Sha256,
  /** SHA-256 of the line without this field. */
  hash: Sha256,
});
export type ChainedEvent = z.infer<typeof ChainedEvent>;

/** The execution that a chain is of. */
export interface ChainedRun {
  readonly study: string;
  readonly executionHash: string;
  readonly redrives: number;
}

/** A chain: its lines, how many, and the hash of the last one, which stands for all of them. */
export interface EventChain {
  readonly text: string;
  readonly count: number;
  readonly head: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a chain begins with: the lines of one execution are no lines of another's. */
export function chainSeed({ study, executionHash, redrives }: ChainedRun): string {
  return sha256(`czarhipaa events 1\n${study}\n${executionHash}\n${redrives}\n`);
}

/** Writes a line: its hash is of the text that it would be without it. */
export function chainLine(fields: Omit<ChainedEvent, 'hash'>): {
  readonly line: string;
  readonly hash: string;
} {
  const body = JSON.stringify(fields);
  const hash = sha256(body);
  return { hash, line: `${body.slice(0, -1)},"hash":"${hash}"}` };
}

/** Chains the events of a history, given whole and in order. */
export function chainEvents(events: Iterable<HistoryEvent>, run: ChainedRun): EventChain {
  const lines: string[] = [];
  let head = chainSeed(run);
  for (const { id, previousId, at, type, state, index, redriveCount, error } of events) {
    const { hash, line } = chainLine({
      sequence: id,
      follows: previousId,
      at: at.toISOString(),
      type,
      state,
      iteration: index,
      redrive: redriveCount,
      error,
      previous: head,
    });
    lines.push(`${line}\n`);
    head = hash;
  }
  return { text: lines.join(''), count: lines.length, head };
}
