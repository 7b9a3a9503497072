import { mostReceived, type Receipt, type SensorQueue } from './sensor-queue.ts';

/** How much is received before it is stored, and how. */
export interface ChunkLimits {
  readonly messages: number;
  readonly bytes: number;
  /** What came until then is stored, so that a trickle is not held back. */
  readonly milliseconds: number;
  /** Wait of one receive. */
  readonly waitSeconds: number;
}

/** Messages that are stored together. */
export interface Chunk {
  readonly receipts: readonly Receipt[];
  /** The queue has nothing left of what was in it when the run began, as far as one can tell. */
  readonly drained: boolean;
}

/** Receives that are under way at once: SQS answers with no more than ten messages. */
const parallel = 8;

/**
 * Receives messages until there are enough of them, the time is up, or a receive finds none.
 *
 * Never more messages than `limits` says, and bytes above it by no more than the receives under way bring. A fleet that never pauses would
 * never leave the queue empty: a queue is drained, too, where all that comes is younger than the run.
 */
export async function receiveChunk(
  queue: SensorQueue,
  limits: ChunkLimits,
  { runStartedAt, signal }: { readonly runStartedAt: number; readonly signal: AbortSignal },
): Promise<Chunk> {
  const receipts: Receipt[] = [];
  let bytes = 0;
  let foundNone = 0;
  const ends = performance.now() + limits.milliseconds;
  let awaited = 0;
  const isFull = (): boolean =>
    receipts.length + awaited + mostReceived > limits.messages || bytes >= limits.bytes;
  const receive = async (): Promise<void> => {
    while (foundNone === 0 && !isFull() && performance.now() < ends) {
      awaited += mostReceived;
      const received = await queue.receive(limits.waitSeconds, signal);
      awaited -= mostReceived;
      if (received.length === 0) foundNone += 1;
      receipts.push(...received);
      bytes += received.reduce((total, { body }) => total + body.length, 0);
    }
  };
  await Promise.all(Array.from({ length: parallel }, receive));
  const isYoung = receipts.every(({ queuedAt }) => queuedAt >= runStartedAt);
  return { receipts, drained: foundNone > 0 || (!isFull() && isYoung) };
}
