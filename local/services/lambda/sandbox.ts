import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionAnswer, Surroundings } from '../../api.ts';
import type { DeclaredFunction } from './declared-function.ts';
import { functionEnvironment } from './function-environment.ts';
import { FunctionLog } from './function-log.ts';
import type { LogSink } from './log-sink.ts';
import { SandboxProcess } from './sandbox-process.ts';
import type { SandboxOrder, SandboxReport } from './sandbox-protocol.ts';

/** Lambda gives a bundle ten seconds to load; a laptop that starts several at once needs longer. */
const longestLoadSeconds = 60;

/** The environment of a function's process holds credentials for half a day. */
const credentialsSeconds = 12 * 3600;

/** A synchronous answer holds 6 MB. */
const longestPayloadBytes = 6 * 1024 * 1024;

/** What became of an order. */
type Ending =
  | { readonly kind: 'reported'; readonly report: SandboxReport }
  | { readonly kind: 'exited'; readonly how: string }
  | { readonly kind: 'late'; readonly afterSeconds: number };

/** The answer to an invocation, and what the log's last line says of it. */
interface Conclusion {
  readonly answer: FunctionAnswer;
  readonly status: 'success' | 'error' | 'timeout';
  readonly memoryMb: number;
}

/** One process that runs one function, for one event at a time. */
export class Sandbox {
  readonly function: DeclaredFunction;
  /** When the credentials in the process's environment end. */
  readonly credentialsExpire: Date;
  readonly #log: FunctionLog;
  readonly #process: SandboxProcess;
  readonly #temporaryDirectory: string;
  readonly #loaded: Promise<Ending>;
  #loadMs = 0;
  #wasInvoked = false;
  #isUsable = true;

  constructor(
    declared: DeclaredFunction,
    id: string,
    surroundings: Surroundings,
    sink: LogSink,
    process: { readonly execArgv: readonly string[]; readonly compileCache: string },
  ) {
    this.function = declared;
    this.#log = new FunctionLog(sink, surroundings.clock, declared);
    this.#temporaryDirectory = join(surroundings.directory, 'lambda', 'tmp', id);
    mkdirSync(this.#temporaryDirectory, { recursive: true, mode: 0o700 });
    const credentials = surroundings.principals.issue(declared.roleArn, declared.name, {
      lifetimeSeconds: credentialsSeconds,
    });
    this.credentialsExpire = credentials.expiration;
    const environment = functionEnvironment(declared, surroundings, credentials, {
      logStreamName: this.#log.streamName,
      temporaryDirectory: this.#temporaryDirectory,
    });
    this.#process = new SandboxProcess({
      cwd: declared.taskRoot,
      env: { ...environment, NODE_COMPILE_CACHE: process.compileCache },
      execArgv: [`--max-old-space-size=${declared.memoryMb}`, ...process.execArgv],
    });
    for (const stream of this.#process.streams) this.#log.follow(stream);
    this.#loaded = this.#load();
  }

  /** Whether the process can take one more event. */
  get isUsable(): boolean {
    return this.#isUsable && this.#process.isRunning;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Runs one event. The sandbox is free for the next one when this resolves, if it is still usable.
   *
   * The function's timeout begins once its bundle is loaded, and is real time whatever clock the
   * cloud runs on: so is the process.
   */
  async invoke(requestId: string, payload: string): Promise<FunctionAnswer> {
    const isFirst = !this.#wasInvoked;
    this.#wasInvoked = true;
    this.#log.started(requestId);
    const loaded = await this.#loaded;
    const started = performance.now();
    const isLoaded = loaded.kind === 'reported' && loaded.report.type === 'loaded';
    const ending = isLoaded ? await this.#run(requestId, payload) : loaded;
    const durationMs = performance.now() - started;

    const { answer, status, memoryMb } = conclude(ending, requestId);
    if (ending.kind !== 'reported' || !isLoaded) {
      this.#log.note(answer.payload);
      await this.end();
    } else if (ending.report.type === 'failure' && ending.report.isLast) this.#isUsable = false;
    const initMs = isFirst && isLoaded ? { initMs: this.#loadMs } : {};
    this.#log.ended(requestId, { durationMs, memoryMb, status, ...initMs });
    return answer;
  }

  /** Ends the process and takes its temporary directory away. */
  async end(): Promise<void> {
    this.#isUsable = false;
    this.#process.kill();
    await this.#process.exited;
    rmSync(this.#temporaryDirectory, { recursive: true, force: true, maxRetries: 3 });
  }

  async #load(): Promise<Ending> {
    const started = performance.now();
    const { taskRoot, handler, logFormat } = this.function;
    const ending = await this.#carryOut(
      { type: 'load', taskRoot, handler, logFormat },
      longestLoadSeconds,
    );
    this.#loadMs = performance.now() - started;
    return ending;
  }

  async #run(requestId: string, payload: string): Promise<Ending> {
    const { name, arn, memoryMb, logGroupName, timeoutSeconds } = this.function;
    const output = this.#log.outputOf(requestId);
    const ending = await this.#carryOut(
      {
        type: 'invoke',
        payload,
        requestId,
        functionName: name,
        functionArn: arn,
        memoryMb,
        logGroupName,
        logStreamName: this.#log.streamName,
        timeoutMs: timeoutSeconds * 1000,
      },
      timeoutSeconds,
    );
    if (ending.kind === 'reported') await output.read();
    else output.forget();
    return ending;
  }

  async #carryOut(order: SandboxOrder, limitSeconds: number): Promise<Ending> {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    const limit = setTimeout(
      () => resolve({ kind: 'late', afterSeconds: limitSeconds }),
      limitSeconds * 1000,
    );
    void this.#process.exited.then((how) => resolve({ kind: 'exited', how }));
    this.#process.onReport = (report) => resolve({ kind: 'reported', report });
    this.#process.order(order);
    const ending = await promise;
    clearTimeout(limit);
    this.#process.onReport = undefined;
    return ending;
  }
}

function conclude(ending: Ending, requestId: string): Conclusion {
  switch (ending.kind) {
    case 'late':
      return failure(
        {
          errorType: 'Sandbox.Timedout',
          errorMessage: `RequestId: ${requestId} Error: Task timed out after ${ending.afterSeconds.toFixed(2)} seconds`,
        },
        'timeout',
      );
    case 'exited':
      return failure({
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${requestId} Error: ${ending.how}`,
      });
    case 'reported':
      return concludeReport(ending.report);
  }
}

function concludeReport(report: SandboxReport): Conclusion {
  switch (report.type) {
    case 'load-failed':
      return failure(report.failure);
    case 'failure':
      return { ...failure(report.failure), memoryMb: report.memoryMb };
    case 'loaded':
      throw new Error('a sandbox answered an event with the report that it is loaded');
    case 'result': {
      const { payload, memoryMb } = report;
      if (Buffer.byteLength(payload) <= longestPayloadBytes)
        return { answer: { payload }, status: 'success', memoryMb };
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${longestPayloadBytes} bytes).`;
      return {
        ...failure({ errorType: 'Function.ResponseSizeTooLarge', errorMessage }),
        memoryMb,
      };
    }
  }
}

function failure(
  error: string | { readonly errorType: string; readonly errorMessage: string },
  status: 'error' | 'timeout' = 'error',
): Conclusion {
  const payload = typeof error === 'string' ? error : JSON.stringify(error);
  return { answer: { payload, functionError: 'Unhandled' }, status, memoryMb: 0 };
}
