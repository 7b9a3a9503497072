import { availableParallelism } from 'node:os';
import { isAccessDenied } from '../../gateway/access-denied.ts';
import { ApiError, type FunctionAnswer, type Surroundings } from '../../api.ts';
import type { DeclaredFunction } from './declared-function.ts';
import { sendDeadLetter, sendFailureRecord } from './dead-letter.ts';
import type { SandboxPool } from './sandbox-pool.ts';
import { Turns } from './turns.ts';

/** What becomes of a function's asynchronous events. */
export interface AsyncConfig {
  /** @default 2 */
  readonly maxRetries?: number;
  /** @default six hours */
  readonly maxAgeSeconds?: number;
  readonly onFailureQueueArn?: string;
}

/** An asynchronous event that was given up. Its payload is not kept. */
export interface DeadInvocation {
  readonly functionName: string;
  readonly requestId: string;
  readonly attempts: number;
  /** A name: the error's type, never its message. */
  readonly error: string;
}

/** One event on its way. */
export interface AsyncEvent {
  readonly requestId: string;
  readonly payload: string;
  readonly since: Date;
  readonly attempts: number;
}

/** Lambda waits one minute before the first retry and two before the second. */
const retryDelaysMs = [60_000, 120_000];

/** A throttled event is tried again without counting, from one second up to five minutes later. */
const throttleDelayMs = { first: 1000, longest: 5 * 60 * 1000 };

/**
 * Events of one function that are worked on at once.
 *
 * Lambda's queue, too, begins with few and grows. Here a burst of events (an upload of many objects)
 * is through sooner in a few warm processes than in a cold one for each.
 */
const eventsAtOnce = Math.max(2, availableParallelism());

/** Lambda's queue of asynchronous events. */
export class AsyncInvocations {
  readonly dead: DeadInvocation[] = [];
  readonly #surroundings: Surroundings;
  readonly #pool: SandboxPool;
  readonly #configs = new Map<string, AsyncConfig>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #turns = new Turns(eventsAtOnce);
  readonly #stop = new AbortController();

  constructor(surroundings: Surroundings, pool: SandboxPool) {
    this.#surroundings = surroundings;
    this.#pool = pool;
  }

  configure({ name }: DeclaredFunction, config: AsyncConfig): void {
    this.#configs.set(name, config);
  }

  submit(declared: DeclaredFunction, requestId: string, payload: string): void {
    const since = this.#surroundings.clock.now();
    const work = this.#deliver(declared, { requestId, payload, since, attempts: 0 })
      .catch((error: unknown) => this.bury(declared.name, requestId, error))
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  /** Counts an event that never will be delivered. */
  bury(functionName: string, requestId: string, error: unknown, attempts = 0): void {
    if (this.#stop.signal.aborted) return;
    this.dead.push({ functionName, requestId, attempts, error: nameOf(error) });
  }

  /** Resolves when every event submitted so far, and what it led to, is through or given up. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Gives up what still waits, uncounted: the cloud is ending. */
  stop(): void {
    this.#stop.abort(new Error('Lambda was stopped'));
  }

  async #deliver(declared: DeclaredFunction, event: AsyncEvent): Promise<void> {
    const { clock } = this.#surroundings;
    const { maxRetries = 2, maxAgeSeconds = 21_600 } = this.#configs.get(declared.name) ?? {};
    for (let attempts = 1; ; attempts += 1) {
      const answer = await this.#attempt(declared, event, maxAgeSeconds);
      if (answer?.functionError === undefined && answer !== undefined) return;
      const delay = retryDelaysMs[attempts - 1] ?? retryDelaysMs.at(-1) ?? 0;
      const isTooOld = this.#ageSeconds(event) + delay / 1000 > maxAgeSeconds;
      if (attempts > maxRetries || isTooOld || answer === undefined)
        return this.#giveUp(declared, { ...event, attempts }, answer);
      await clock.sleep(delay, this.#stop.signal);
    }
  }

  /** Runs an event as soon as the function is not throttled; undefined when it got too old meanwhile. */
  async #attempt(
    declared: DeclaredFunction,
    event: AsyncEvent,
    maxAgeSeconds: number,
  ): Promise<FunctionAnswer | undefined> {
    for (
      let delay = throttleDelayMs.first;
      ;
      delay = Math.min(delay * 2, throttleDelayMs.longest)
    ) {
      try {
        return await this.#turns.during(declared.name, () =>
          this.#pool.run(declared, event.requestId, event.payload),
        );
      } catch (error) {
        const isThrottled = error instanceof ApiError && error.code === 'TooManyRequestsException';
        if (!isThrottled) throw error;
        if (this.#ageSeconds(event) + delay / 1000 > maxAgeSeconds) return undefined;
        await this.#surroundings.clock.sleep(delay, this.#stop.signal);
      }
    }
  }

  async #giveUp(
    declared: DeclaredFunction,
    event: AsyncEvent,
    answer: FunctionAnswer | undefined,
  ): Promise<void> {
    const error = answer === undefined ? 'EventAgeExceeded' : answer.payload;
    this.bury(declared.name, event.requestId, error, event.attempts);
    const { onFailureQueueArn } = this.#configs.get(declared.name) ?? {};
    if (onFailureQueueArn !== undefined)
      await sendFailureRecord(this.#surroundings, declared, onFailureQueueArn, event, answer);
    if (declared.deadLetterQueueArn !== undefined)
      await sendDeadLetter(this.#surroundings, declared, declared.deadLetterQueueArn, event);
  }

  #ageSeconds({ since }: AsyncEvent): number {
    return (this.#surroundings.clock.now().getTime() - since.getTime()) / 1000;
  }
}

function nameOf(error: unknown): string {
  if (isAccessDenied(error)) return 'AccessDenied';
  if (error instanceof ApiError) return error.code;
  if (error instanceof Error) return error.name;
  if (typeof error !== 'string') return typeof error;
  return /"errorType":"([^"]*)"/.exec(error)?.[1] ?? error;
}
