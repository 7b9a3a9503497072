import type { Clock } from '../clock.ts';
import type { Failure } from './failure.ts';
import { errorOf, failedRequest } from './input.ts';
import type { Json } from './json.ts';
import type { TaskCall, TaskRunner } from './runtime.ts';
import { seededToken } from './seed.ts';
import type { TaskTokens, Ticket } from './task-tokens.ts';
import type { Turns } from './turns.ts';

/** What is really there. */
export interface OutsideServices {
  readonly clock: Clock;
  readonly tasks: TaskRunner;
  readonly tokens: Pick<TaskTokens, 'open'>;
  /** Task tokens come from it. */
  readonly seed: string;
}

/**
 * The outside as the states of one execution see it: the time, timers, the services behind Tasks, task tokens.
 *
 * All that comes from there comes in turns, and its time is that of the turn.
 */
export class Outside implements Clock {
  readonly #turns: Turns;
  readonly #services: OutsideServices;

  constructor(turns: Turns, services: OutsideServices) {
    this.#turns = turns;
    this.#services = services;
  }

  now(): Date {
    return this.#turns.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.timer(ms, signal).passed;
  }

  /** A sleep that {@link fire} can end before its time. */
  timer(
    ms: number,
    signal?: AbortSignal,
  ): { readonly operation?: number; readonly passed: Promise<void> } {
    if (signal?.aborted) return { passed: Promise.reject(reasonOf(signal)) };
    if (ms <= 0) return { passed: Promise.resolve() };
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const { clock } = this.#services;
    const dueMs = this.now().getTime() + ms;
    const ended = new AbortController();
    const operation = this.#turns.open({
      begin: () => {
        const fired = (): void => this.#turns.deliver({ kind: 'fired', operation });
        clock.sleep(dueMs - clock.now().getTime(), ended.signal).then(fired, () => undefined);
      },
      take: ({ kind }) => {
        if (kind !== 'fired') return false;
        this.#turns.close(operation);
        resolve(undefined);
        return true;
      },
      end: () => ended.abort(),
    });
    const giveUp = (): void => {
      this.#turns.close(operation);
      reject(reasonOf(signal));
    };
    signal?.addEventListener('abort', giveUp, { once: true, signal: ended.signal });
    return { operation, passed: promise };
  }

  /** Lets a timer pass now. Does nothing when it has passed or was given up. */
  fire(operation: number): void {
    this.#turns.deliver({ kind: 'fired', operation });
  }

  /**
   * Does one request. Its answer is not waited for any more once `waiting` aborts.
   *
   * A request whose answer the past does not hold is made again when the past is over.
   */
  request(call: TaskCall, waiting: AbortSignal): Promise<Json> {
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    const operation = this.#turns.open({
      begin: () => {
        (async () => this.#services.tasks.run(call))().then(
          (value) => this.#turns.deliver({ kind: 'result', operation, value }),
          (error: unknown) => this.#turns.deliver(failedRequest(operation, error)),
        );
      },
      take: (input) => {
        if (input.kind === 'result') resolve(input.value);
        else if (input.kind === 'failure' || input.kind === 'breakdown') reject(errorOf(input));
        else return false;
        this.#turns.close(operation);
        return true;
      },
      end: () => undefined,
    });
    waiting.addEventListener('abort', () => this.#turns.close(operation), { once: true });
    return promise;
  }

  /** Hands out a task token, which is the same one in every life of the execution. */
  issueToken(): Ticket {
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    // The Task may stop listening before a failure arrives.
    promise.catch(() => undefined);
    let lastHeartbeat = this.now();
    const operation = this.#turns.open({
      begin: () => undefined,
      take: (input) => {
        if (input.kind === 'heartbeat') {
          lastHeartbeat = this.now();
          return true;
        }
        if (input.kind === 'result') resolve(input.value);
        else if (input.kind === 'failure') reject(errorOf(input));
        else return false;
        this.#turns.close(operation);
        return true;
      },
      end: () => closeToken(),
    });
    const token = seededToken(this.#services.seed, operation);
    const holder = {
      succeed: (value: Json) => this.#turns.deliver({ kind: 'result', operation, value }),
      fail: (failure: Failure) => this.#turns.deliver({ kind: 'failure', operation, failure }),
      beat: () => this.#turns.deliver({ kind: 'heartbeat', operation }),
    };
    // What a dropped life still issues would be the next life's token.
    const closeToken = this.#turns.isDropped
      ? () => undefined
      : this.#services.tokens.open(token, holder);
    return {
      token,
      answer: promise,
      lastHeartbeat: () => lastHeartbeat,
      close: () => this.#turns.close(operation),
    };
  }
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('the wait was aborted', { cause: reason });
}
