import type { Clock } from '../clock.ts';
import type { Failure } from './failure.ts';
import { errorOf, failedRequest, type Input, type InputBody } from './input.ts';
import type { Json } from './json.ts';
import type { TaskCall, TaskRunner } from './runtime.ts';
import { seededToken } from './seed.ts';
import type { TaskTokens, Ticket } from './task-tokens.ts';

/** An execution that is lived through again does not do what its journal says it did. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

/** What an execution waits for from outside. */
interface Operation {
  /** Asks the outside. While an earlier life is repeated this waits until that is over. */
  readonly begin: () => void;
  /** Takes an input; false for one of a kind that this operation cannot get. */
  readonly take: (input: Input) => boolean;
  /** Asks no more. */
  readonly end: () => void;
}

/** What {@link Turns} work with. */
export interface TurnsOptions {
  readonly clock: Clock;
  readonly tasks: TaskRunner;
  readonly tokens: Pick<TaskTokens, 'open'>;
  readonly seed: string;
  readonly startTime: Date;
  /** The inputs of an earlier life, which come first, at their own times. */
  readonly past?: readonly Input[];
  /** Called with each new input before it has any effect; it must not throw. */
  readonly onInput: (input: Input) => void;
  readonly onStop: (failure: { error?: string; cause?: string }) => void;
  readonly onRedrive: () => void;
  /** Called once the past is over: what of it was not repeated, if anything. */
  readonly missing: () => string | undefined;
}

/**
 * The outside as one execution sees it: the time, timers, the services behind its Tasks, task tokens.
 *
 * Inputs take effect one after the other, and each only when everything that the one before it set going has
 * come to rest: a turn. Between two turns the interpreter runs on promises alone, and time stands still, so
 * the inputs with their times determine everything an execution does. Who has them can repeat it, event for
 * event, after a crash.
 */
export class Turns implements Clock {
  readonly #options: TurnsOptions;
  readonly #operations = new Map<number, Operation>();
  readonly #queue: Input[];
  readonly #live = Promise.withResolvers<undefined>();
  #nextOperation = 0;
  #nowMs: number;
  #lastInputMs: number;
  #isLive: boolean;
  #isDropped = false;
  #isBusy = true;

  /** Begins with the turn of the start: what is queued as a microtask now belongs to it. */
  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#nowMs = options.startTime.getTime();
    this.#queue = [...(options.past ?? [])];
    this.#lastInputMs = this.#queue.at(-1)?.atMs ?? this.#nowMs;
    this.#isLive = options.past === undefined;
    if (this.#isLive) this.#live.resolve(undefined);
    this.#live.promise.catch(() => undefined);
    this.#afterTurn();
  }

  /** Resolves when the past is over. @throws ReplayError when it could not be repeated */
  get live(): Promise<void> {
    return this.#live.promise;
  }

  /** Whether nothing that happens here counts any more. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** The time of the input that made this turn. */
  now(): Date {
    return new Date(this.#nowMs);
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
    const { clock } = this.#options;
    const dueMs = this.#nowMs + ms;
    const ended = new AbortController();
    const operation = this.#open({
      begin: () => {
        const fired = (): void => this.deliver({ kind: 'fired', operation });
        clock.sleep(dueMs - clock.now().getTime(), ended.signal).then(fired, () => undefined);
      },
      take: ({ kind }) => {
        if (kind !== 'fired') return false;
        this.#close(operation);
        resolve(undefined);
        return true;
      },
      end: () => ended.abort(),
    });
    const giveUp = (): void => {
      this.#close(operation);
      reject(reasonOf(signal));
    };
    signal?.addEventListener('abort', giveUp, { once: true, signal: ended.signal });
    return { operation, passed: promise };
  }

  /** Lets a timer pass now. Does nothing when it has passed or was given up. */
  fire(operation: number): void {
    this.deliver({ kind: 'fired', operation });
  }

  /**
   * Does one request. Its answer is not waited for any more once `waiting` aborts.
   *
   * A request whose answer the past does not hold is made again when the past is over.
   */
  request(call: TaskCall, waiting: AbortSignal): Promise<Json> {
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    const operation = this.#open({
      begin: () => {
        (async () => this.#options.tasks.run(call))().then(
          (value) => this.deliver({ kind: 'result', operation, value }),
          (error: unknown) => this.deliver(failedRequest(operation, error)),
        );
      },
      take: (input) => {
        if (input.kind === 'result') resolve(input.value);
        else if (input.kind === 'failure' || input.kind === 'breakdown') reject(errorOf(input));
        else return false;
        this.#close(operation);
        return true;
      },
      end: () => undefined,
    });
    waiting.addEventListener('abort', () => this.#close(operation), { once: true });
    return promise;
  }

  /** Hands out a task token, which is the same one in every life of the execution. */
  issueToken(): Ticket {
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    // The Task may stop listening before a failure arrives.
    promise.catch(() => undefined);
    let lastHeartbeat = this.now();
    const operation = this.#open({
      begin: () => undefined,
      take: (input) => {
        if (input.kind === 'heartbeat') {
          lastHeartbeat = this.now();
          return true;
        }
        if (input.kind === 'result') resolve(input.value);
        else if (input.kind === 'failure') reject(errorOf(input));
        else return false;
        this.#close(operation);
        return true;
      },
      end: () => closeToken(),
    });
    const token = seededToken(this.#options.seed, operation);
    const holder = {
      succeed: (value: Json) => this.deliver({ kind: 'result', operation, value }),
      fail: (failure: Failure) => this.deliver({ kind: 'failure', operation, failure }),
      beat: () => this.deliver({ kind: 'heartbeat', operation }),
    };
    // What a dropped life still issues would be the next life's token.
    const closeToken = this.#isDropped ? () => undefined : this.#options.tokens.open(token, holder);
    return {
      token,
      answer: promise,
      lastHeartbeat: () => lastHeartbeat,
      close: () => this.#close(operation),
    };
  }

  /** Takes an input. One for an operation that is over is not even noted. */
  deliver(body: InputBody): void {
    if (this.#isDropped) return;
    if ('operation' in body && !this.#operations.has(body.operation)) return;
    this.#lastInputMs = Math.max(this.#options.clock.now().getTime(), this.#lastInputMs);
    const input = { atMs: this.#lastInputMs, ...body };
    this.#options.onInput(input);
    this.#queue.push(input);
    this.#next();
  }

  /**
   * Ends all of this as a crash would: nothing is told, nothing is recorded, no answer arrives any more.
   *
   * Requests under way go on where they run, as a Lambda function does whose caller is gone.
   */
  drop(): void {
    this.#isDropped = true;
    this.#live.reject(new ReplayError('dropped before the past was over'));
    for (const { end } of this.#operations.values()) end();
    this.#operations.clear();
    this.#queue.length = 0;
  }

  /** Ends a past that cannot be repeated. */
  breakOff(problem: string): void {
    if (this.#isDropped) return;
    this.#live.reject(new ReplayError(problem));
    this.drop();
  }

  #open(operation: Operation): number {
    const id = this.#nextOperation++;
    if (this.#isDropped) return id;
    this.#operations.set(id, operation);
    if (this.#isLive) operation.begin();
    return id;
  }

  #close(id: number): void {
    const operation = this.#operations.get(id);
    this.#operations.delete(id);
    operation?.end();
  }

  #next(): void {
    if (this.#isBusy || this.#isDropped) return;
    const input = this.#queue.shift();
    if (input === undefined) {
      if (!this.#isLive) this.#goLive();
      return;
    }
    this.#isBusy = true;
    this.#nowMs = input.atMs;
    this.#apply(input);
    this.#afterTurn();
  }

  #apply(input: Input): void {
    if (input.kind === 'stop') {
      this.#options.onStop(input);
      return;
    }
    if (input.kind === 'redrive') {
      this.#options.onRedrive();
      return;
    }
    const operation = this.#operations.get(input.operation);
    const isKnown = operation ? operation.take(input) : input.operation < this.#nextOperation;
    if (!isKnown) this.breakOff(`nothing waits for the journaled input ${input.kind}`);
  }

  /** Node runs next ticks when no promise is left to settle, which is when a turn is over. */
  #afterTurn(): void {
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#isBusy = false;
        this.#next();
      }),
    );
  }

  #goLive(): void {
    const missing = this.#options.missing();
    if (missing !== undefined) {
      this.breakOff(missing);
      return;
    }
    this.#isLive = true;
    for (const { begin } of [...this.#operations.values()]) begin();
    this.#live.resolve(undefined);
  }
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('the wait was aborted', { cause: reason });
}
