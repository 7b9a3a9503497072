import { isAwsError } from '../runtime/aws-errors.ts';
import type { BatchQueue, Delivery } from './batch-queue.ts';

/** The message came back to the queue while it was worked on: somebody else has it, or will. */
export class MessageLostError extends Error {
  override readonly name = 'MessageLostError';
  readonly code = 'MessageLostError';
}

/** SQS's words for a receipt handle that is no longer worth anything. */
const lost = new Set([
  'InvalidParameterValue',
  'MessageNotInflight',
  'ReceiptHandleIsInvalid',
  'AWS.SimpleQueueService.MessageNotInflight',
  'QueueDoesNotExist',
]);

/** A message that stays with this worker until it is let go. */
export interface Hold {
  /** Aborted with {@link MessageLostError} when the message is lost. */
  readonly signal: AbortSignal;
  stop(): void;
}

/**
 * Keeps a message away from others by extending its visibility at half of the timeout.
 *
 * An extension that fails in passing is tried again at the next half, in time. SQS lets a message
 * be kept for twelve hours in all; an object that takes longer loses it and is delivered again.
 */
export function holdMessage(queue: BatchQueue, delivery: Delivery): Hold {
  const control = new AbortController();
  const extend = async (): Promise<void> => {
    try {
      await queue.extend(delivery);
    } catch (error) {
      if (!isAwsError(error, lost)) return;
      clearInterval(timer);
      control.abort(new MessageLostError('The message is lost.', { cause: error }));
    }
  };
  const timer = setInterval(() => void extend(), (queue.visibilitySeconds * 1000) / 2);
  return { signal: control.signal, stop: () => clearInterval(timer) };
}
