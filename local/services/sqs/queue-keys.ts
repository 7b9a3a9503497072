import type { Call, StorageKeys } from '../../api.ts';
import type { Operation } from './operation.ts';
import type { Queue } from './queues.ts';

/** SQS's own key asks nobody; any other is used as the caller, via SQS. */
const ownKey = 'alias/aws/sqs';

const sends = new Set(['SendMessage', 'SendMessageBatch']);

/**
 * The KMS keys of encrypted queues. Sending and receiving is held against the key's policy.
 *
 * As in AWS, a principal's data key is used for the queue's `KmsDataKeyReusePeriodSeconds`, and KMS is
 * asked when that is over: twice for whoever sends, once for whoever receives. A right that is taken
 * away is missed then only.
 */
export class QueueKeys {
  readonly #keys: StorageKeys;
  /** `sqs.us-east-1.amazonaws.com` */
  readonly #via: string;
  /** Until when data keys are used, in milliseconds, by what they are for and by whom. */
  readonly #inUse = new WeakMap<Queue, Map<string, number>>();

  constructor(keys: StorageKeys, via: string) {
    this.#keys = keys;
    this.#via = via;
  }

  /** @throws ApiError where the caller may not use the queue's key. */
  use(queue: Queue, { name }: Operation, call: Call): void {
    const isSending = sends.has(name);
    if (!isSending && name !== 'ReceiveMessage') return;
    const key = queue.kmsKey;
    if (key === undefined || key === ownKey) return;
    const inUse = this.#inUse.get(queue) ?? new Map<string, number>();
    this.#inUse.set(queue, inUse);
    const what = `${isSending ? 'send' : 'receive'} ${key} ${call.caller.principalArn}`;
    const now = call.time.getTime();
    if ((inUse.get(what) ?? 0) > now) return;
    if (isSending) this.#keys.generate(call, this.#via, key);
    this.#keys.use(call, this.#via, key);
    inUse.set(what, now + queue.keyReuseSeconds * 1000);
  }
}
