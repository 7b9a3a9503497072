import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { awsAnswer, errorCode, isPassing } from '../aws-failure.ts';

/** How many times a request is sent: over some 15 seconds, besides the SDK's own quick tries. */
const tries = 5;
const firstPauseMs = 1_000;

/** S3 refused a write because its key exists. */
export class KeyTakenError extends Error {
  /** Whether an earlier try, whose answer was lost, may be what made it exist. */
  readonly mayBeOurs: boolean;

  constructor(mayBeOurs: boolean, options: ErrorOptions) {
    super('the key exists already', options);
    this.name = 'KeyTakenError';
    this.mayBeOurs = mayBeOurs;
  }
}

/**
 * The connection on which an upload sends: as many requests at once as it was told, whatever
 * objects they are of, so that one large object uses all of them, and memory is bounded.
 */
export class Sending {
  readonly s3: S3Client;
  readonly #pauseMs: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(s3: S3Client, options: { readonly parallel: number; readonly pauseMs?: number }) {
    this.s3 = s3;
    this.#free = options.parallel;
    this.#pauseMs = options.pauseMs ?? firstPauseMs;
  }

  /**
   * Sends a request in one of the places, and again where the network or S3 failed.
   *
   * The place is kept over the pauses: where one request fails, others would as well.
   *
   * @throws KeyTakenError
   */
  async send<Answer>(signal: AbortSignal, request: () => Promise<Answer>): Promise<Answer> {
    await this.#enter();
    try {
      for (let attempt = 1; ; attempt += 1) {
        signal.throwIfAborted();
        try {
          return await request();
        } catch (error) {
          if (isTaken(error)) {
            throw new KeyTakenError(attempt > 1 || hadTries(error) > 1, { cause: error });
          }
          if (attempt === tries || !isPassing(error)) throw error;
          await sleep(this.#pauseMs * 2 ** (attempt - 1), undefined, { signal });
        }
      }
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

function isTaken(error: unknown): boolean {
  return nameOf(error) === 'PreconditionFailed' || awsAnswer(error)?.httpStatusCode === 412;
}

/** How many times the SDK itself sent the request. */
function hadTries(error: unknown): number {
  return awsAnswer(error)?.attempts ?? 1;
}

/** Says whether a multipart upload has to begin anew: S3 knows it no more, or saw a conflict. */
export function wantsNewUpload(error: unknown): boolean {
  return ['NoSuchUpload', 'ConditionalRequestConflict'].includes(nameOf(error));
}

function nameOf(error: unknown): string {
  return error instanceof Error ? errorCode(error) : '';
}
