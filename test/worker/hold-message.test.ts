import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BatchQueue } from '../../worker/batch-queue.ts';
import { type Hold, holdMessage, MessageLostError } from '../../worker/hold-message.ts';
import { failure } from './fake-s3.ts';

const delivery = { objectId: 'o', messageId: 'm', receiptHandle: 'r', receiveCount: 1 };
let hold: Hold | undefined;

afterEach(() => {
  hold?.stop();
  vi.useRealTimers();
});

/** Holds a message that comes back after 60 seconds. */
function held(extend: () => Promise<void>): Hold {
  vi.useFakeTimers();
  const queue = { visibilitySeconds: 60, extend } as unknown as BatchQueue;
  hold = holdMessage(queue, delivery);
  return hold;
}

describe('a held message', () => {
  it('is extended at half of its time, until it is let go', async () => {
    const extend = vi.fn(() => Promise.resolve());
    const message = held(extend);

    await vi.advanceTimersByTimeAsync(95_000);
    message.stop();
    await vi.advanceTimersByTimeAsync(95_000);

    expect(extend).toHaveBeenCalledTimes(3);
    expect(message.signal.aborted).toBe(false);
  });

  it('is lost where SQS says so', async () => {
    const { signal } = held(() => Promise.reject(failure('MessageNotInflight', 400)));

    await vi.advanceTimersByTimeAsync(30_000);

    expect(signal.reason).toBeInstanceOf(MessageLostError);
  });

  it('is not given up for an error that may pass', async () => {
    const extend = vi.fn(() => Promise.reject(failure('ServiceUnavailable', 503)));
    const { signal } = held(extend);

    await vi.advanceTimersByTimeAsync(60_000);

    expect(signal.aborted).toBe(false);
    expect(extend).toHaveBeenCalledTimes(2);
  });
});
