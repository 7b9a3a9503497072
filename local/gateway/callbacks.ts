import { randomBytes } from 'node:crypto';

/** The one path of the gateway that needs no signature. */
const prefix = '/_callback/';

/** An open place for one answer, known only to whom its URL was given. */
export interface Callback {
  readonly url: string;
  /** Resolves with the body of the first PUT; rejects when the callback is closed before. */
  readonly answer: Promise<string>;
  close(): void;
}

interface Waiting {
  readonly resolve: (body: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Addresses for answers that come without a signature: CloudFormation's `ResponseURL`.
 *
 * AWS presigns such a URL for S3. Here 256 random bits in the path stand for the signature; an
 * address takes one PUT and is gone.
 */
export class Callbacks {
  readonly #endpoint: () => string;
  readonly #waiting = new Map<string, Waiting>();

  constructor(endpoint: () => string) {
    this.#endpoint = endpoint;
  }

  open(): Callback {
    const path = `${prefix}${randomBytes(32).toString('hex')}`;
    const { promise: answer, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.set(path, { resolve, reject });
    const close = (): void => {
      if (this.#waiting.delete(path))
        reject(new Error('the callback was closed without an answer'));
    };
    // Whoever opened it may have given up already; then nobody is left to hear of it.
    answer.catch(() => undefined);
    return { url: `${this.#endpoint()}${path}`, answer, close };
  }

  /** Whether a path belongs to callbacks, open or not. */
  covers(path: string): boolean {
    return path.startsWith(prefix);
  }

  /** Takes an answer; false for an address that is not open. */
  deliver(path: string, body: string): boolean {
    const waiting = this.#waiting.get(path);
    if (waiting === undefined) return false;
    this.#waiting.delete(path);
    waiting.resolve(body);
    return true;
  }
}
