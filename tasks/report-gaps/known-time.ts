import type { IngestRun } from '../../ingest/model/ingest-run.ts';

/**
 * Until when a run's poll knows what has come: a device of which nothing is known by then was silent.
 *
 * A poll that found the queue empty has all that was in it when it began. One that ran out of time has
 * what is older than the oldest message it met: a queue that is not FIFO hands out about the oldest
 * first. After any other end the queue may hold what a device sent, and nothing is known.
 */
export function knownUntil({ poll, beganAt, polledAt }: IngestRun): Date | undefined {
  if (poll === undefined || beganAt === undefined || polledAt === undefined) return undefined;
  if (poll.ended === 'EMPTY') return new Date(beganAt);
  if (poll.ended === 'BUSY' || poll.receipts === 0) return undefined;
  return new Date(Date.parse(polledAt) - poll.oldestSeconds * 1000);
}

/** Since when, at the latest, a message may wait that no poll has met: the age of the oldest one. */
export function oldestWaiting(
  run: IngestRun | undefined,
  {
    lastKnown,
    queueCreatedAt,
  }: { readonly lastKnown: Date | undefined; readonly queueCreatedAt: Date },
): Date {
  return (run && knownUntil(run)) ?? lastKnown ?? queueCreatedAt;
}
