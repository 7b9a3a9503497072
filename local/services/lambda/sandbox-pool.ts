import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ApiError, type FunctionAnswer, type Surroundings } from '../../api.ts';
import type { DeclaredFunction } from './declared-function.ts';
import type { LogSink } from './log-sink.ts';
import { Sandbox } from './sandbox.ts';

/** How many processes there are, and how long they stay. */
export interface PoolOptions {
  /**
   * Processes of all functions together, busy and idle; an invocation beyond waits for one to end.
   *
   * Lambda would start a thousand, or throttle. A laptop has neither room nor reason for that.
   *
   * @default 16
   */
  readonly maxSandboxes?: number;
  /** @default five minutes */
  readonly idleMs?: number;
  /** More flags for the Node of every process. @default none */
  readonly execArgv?: readonly string[];
  /** Folder for what Node compiled of the bundles; clouds may share one. @default one of this cloud's own */
  readonly compileCache?: string;
}

/** The longest timeout of a function: credentials that end sooner are not given to another event. */
const freshMs = 15 * 60 * 1000;

interface Waiting {
  readonly function: DeclaredFunction;
  readonly resolve: (sandbox: Sandbox) => void;
  readonly reject: (error: Error) => void;
}

const stopped = (): ApiError => new ApiError('ServiceException', 'Lambda was stopped.', 500);

/** The processes of all functions: one for each event under way, kept warm for the next one. */
export class SandboxPool {
  readonly #surroundings: Surroundings;
  readonly #sink: LogSink;
  readonly #maxSandboxes: number;
  readonly #idleMs: number;
  readonly #processes: { readonly execArgv: readonly string[]; readonly compileCache: string };
  readonly #all = new Set<Sandbox>();
  /** The longest idle one first. */
  readonly #idle = new Map<Sandbox, NodeJS.Timeout>();
  readonly #waiting: Waiting[] = [];
  readonly #underWay = new Map<string, number>();
  #isStopped = false;

  constructor(
    surroundings: Surroundings,
    sink: LogSink,
    {
      maxSandboxes = 16,
      idleMs = 5 * 60 * 1000,
      execArgv = [],
      compileCache = join(surroundings.directory, 'lambda', 'compile-cache'),
    }: PoolOptions = {},
  ) {
    this.#surroundings = surroundings;
    this.#sink = sink;
    this.#maxSandboxes = maxSandboxes;
    this.#idleMs = idleMs;
    this.#processes = { execArgv, compileCache };
  }

  /**
   * Runs one event in a process of its own for as long as it takes.
   *
   * @throws ApiError TooManyRequestsException when the function's reserved concurrency is used up.
   */
  async run(
    declared: DeclaredFunction,
    requestId: string,
    payload: string,
  ): Promise<FunctionAnswer> {
    const { name, reservedConcurrency } = declared;
    const underWay = this.#underWay.get(name) ?? 0;
    if (reservedConcurrency !== undefined && underWay >= reservedConcurrency)
      throw new ApiError('TooManyRequestsException', 'Rate Exceeded.', 429, {
        Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      });
    this.#underWay.set(name, underWay + 1);
    try {
      const sandbox = await this.#acquire(declared);
      try {
        return await sandbox.invoke(requestId, payload);
      } finally {
        this.#release(sandbox);
      }
    } finally {
      this.#underWay.set(name, (this.#underWay.get(name) ?? 1) - 1);
    }
  }

  /** Whether an event is under way. */
  get isBusy(): boolean {
    return [...this.#underWay.values()].some((count) => count > 0);
  }

  /** Ids of the processes that are running. */
  processes(): number[] {
    return [...this.#all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stopped());
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all([...this.#all].map((sandbox) => this.#end(sandbox)));
  }

  #acquire(declared: DeclaredFunction): Promise<Sandbox> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ function: declared, resolve, reject });
      this.#serve();
    });
  }

  #release(sandbox: Sandbox): void {
    if (this.#isStopped || !sandbox.isUsable) void this.#end(sandbox);
    else {
      const timer = setTimeout(() => void this.#end(sandbox), this.#idleMs);
      timer.unref();
      this.#idle.set(sandbox, timer);
    }
    this.#serve();
  }

  /** Gives sandboxes to those who wait, in the order in which they came. */
  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        if (this.#isStopped) throw stopped();
        const sandbox = this.#warm(next.function) ?? this.#start(next.function);
        if (sandbox === undefined) return;
        next.resolve(sandbox);
      } catch (error) {
        next.reject(error instanceof Error ? error : new Error(String(error)));
      }
      this.#waiting.shift();
    }
  }

  #warm(declared: DeclaredFunction): Sandbox | undefined {
    const soon = this.#surroundings.clock.now().getTime() + freshMs;
    for (const [sandbox, timer] of this.#idle) {
      if (sandbox.function !== declared) continue;
      if (sandbox.isUsable && sandbox.credentialsExpire.getTime() > soon) {
        clearTimeout(timer);
        this.#idle.delete(sandbox);
        return sandbox;
      }
      void this.#end(sandbox);
    }
    return undefined;
  }

  #start(declared: DeclaredFunction): Sandbox | undefined {
    if (this.#all.size >= this.#maxSandboxes) {
      const [longestIdle] = this.#idle.keys();
      if (longestIdle === undefined) return undefined;
      void this.#end(longestIdle);
    }
    const sandbox = new Sandbox(
      declared,
      randomUUID(),
      this.#surroundings,
      this.#sink,
      this.#processes,
    );
    this.#all.add(sandbox);
    return sandbox;
  }

  async #end(sandbox: Sandbox): Promise<void> {
    clearTimeout(this.#idle.get(sandbox));
    this.#idle.delete(sandbox);
    // Its place is free at once: what is left of it is a process about to be gone.
    if (!this.#isStopped) this.#all.delete(sandbox);
    await sandbox.end();
    this.#all.delete(sandbox);
  }
}
