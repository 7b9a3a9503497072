import type { Clock } from '../clock.ts';
import type { Input, InputBody } from './input.ts';

/** An execution that is lived through again does not do what its journal says it did. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

/** Something that an execution waits for from outside. */
export interface Operation {
  /** Asks the outside. While an earlier life is repeated this waits until that is over. */
  readonly begin: () => void;
  /** Takes an input; false for one of a kind that this operation cannot get. */
  readonly take: (input: Input) => boolean;
  /** Asks no more. */
  readonly end: () => void;
}

/** What {@link Turns} work with. */
export interface TurnsOptions {
  readonly clock: Pick<Clock, 'now'>;
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
 * The order in which the outside takes effect on one execution.
 *
 * Inputs take effect one after the other, and each only when everything that the one before it set going has
 * come to rest: a turn. Between two turns the interpreter runs on promises alone, and time stands still, so
 * the inputs with their times determine everything an execution does. Who has them can repeat it, event for
 * event, after a crash.
 */
export class Turns {
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

  /** Begins to wait for something, until {@link close}. */
  open(operation: Operation): number {
    const id = this.#nextOperation++;
    if (this.#isDropped) return id;
    this.#operations.set(id, operation);
    if (this.#isLive) operation.begin();
    return id;
  }

  /** Ends the wait. An input that comes for it later has no effect. */
  close(id: number): void {
    const operation = this.#operations.get(id);
    this.#operations.delete(id);
    operation?.end();
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
