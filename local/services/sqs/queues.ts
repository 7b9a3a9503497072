import { ApiError, type Surroundings } from '../../api.ts';
import type { PolicyDocument } from '../../policy/document.ts';

/** What authorizing a call needs to know of a queue. */
export interface Queue {
  readonly name: string;
  policy: PolicyDocument | undefined;
  /** The KMS key that its messages are encrypted under; undefined for SQS's own. */
  kmsKey: string | undefined;
  /** How long a data key under it is used before KMS is asked again. */
  keyReuseSeconds: number;
  readonly tags: Map<string, string>;
}

/** The queues that exist, and what they are called outside. */
export class Queues {
  readonly #surroundings: Pick<Surroundings, 'region' | 'accountId' | 'endpoint'>;
  readonly #byName = new Map<string, Queue>();

  constructor(surroundings: Pick<Surroundings, 'region' | 'accountId' | 'endpoint'>) {
    this.#surroundings = surroundings;
  }

  arn(name: string): string {
    const { region, accountId } = this.#surroundings;
    return `arn:aws:sqs:${region}:${accountId}:${name}`;
  }

  url(name: string): string {
    const { endpoint, accountId } = this.#surroundings;
    return `${endpoint()}/${accountId}/${name}`;
  }

  /**
   * The name in a queue's URL, whatever host and port it has: the cloud may have been started again.
   *
   * @throws ApiError InvalidAddress for anything else.
   */
  nameIn(queueUrl: string): string {
    const [account, name, ...rest] = URL.parse(queueUrl)?.pathname.slice(1).split('/') ?? [];
    if (account !== this.#surroundings.accountId || name === undefined || rest.length > 0)
      throw new ApiError('InvalidAddress', 'QueueUrl is not the URL of a queue.', 404);
    return name;
  }

  get(name: string): Queue | undefined {
    return this.#byName.get(name);
  }

  /** The queue of this name; a new one where there is none. */
  ensure(name: string): Queue {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const queue: Queue = {
      name,
      policy: undefined,
      kmsKey: undefined,
      keyReuseSeconds: 300,
      tags: new Map(),
    };
    this.#byName.set(name, queue);
    return queue;
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }
}
