import type { PollReply } from '../model/poll-command.ts';
import type { Portion } from './portions.ts';
import type { Receipt } from './sensor-queue.ts';
import type { StoredPortion } from './store-portion.ts';

/** Counts what one run does. */
export class Tally {
  #receipts = 0;
  #stored = 0;
  #duplicates = 0;
  #redelivered = 0;
  #rejected = 0;
  #objects = 0;
  #oldestMilliseconds = 0;
  readonly #aside: Record<string, number> = {};

  /** Counts what was received, whatever becomes of it. */
  received(receipts: readonly Receipt[], now: Date): void {
    this.#receipts += receipts.length;
    for (const { queuedAt } of receipts) {
      this.#oldestMilliseconds = Math.max(this.#oldestMilliseconds, now.getTime() - queuedAt);
    }
  }

  /** Counts what became of it. */
  stored({ unreadable }: Portion, { verdicts, objects }: StoredPortion): void {
    this.#rejected += unreadable.length;
    this.#objects += objects;
    for (const verdict of verdicts) {
      if (verdict.kind === 'new') {
        this.#stored += 1;
        for (const reason of new Set(verdict.records.flatMap(({ aside }) => aside ?? []))) {
          this.#aside[reason] = (this.#aside[reason] ?? 0) + 1;
        }
      } else if (verdict.incoming.receipt.receiveCount > 1) this.#redelivered += 1;
      else this.#duplicates += 1;
    }
  }

  /** The run's reply. */
  reply(end: Pick<PollReply, 'ended' | 'backlog' | 'sealed'>): PollReply {
    return {
      ...end,
      receipts: this.#receipts,
      stored: this.#stored,
      aside: this.#aside,
      duplicates: this.#duplicates,
      redelivered: this.#redelivered,
      rejected: this.#rejected,
      objects: this.#objects,
      oldestSeconds: Math.round(this.#oldestMilliseconds / 1000),
    };
  }
}
