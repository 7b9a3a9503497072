import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { DeclaredFunction } from './declared-function.ts';
import type { LogSink } from './log-sink.ts';
import { endOfOutput } from './sandbox-protocol.ts';

/** What the line at the end of an invocation tells. */
export interface InvocationMetrics {
  readonly durationMs: number;
  readonly memoryMb: number;
  /** Present for the first invocation of a sandbox. */
  readonly initMs?: number;
  readonly status: 'success' | 'error' | 'timeout';
}

/** A handler can close its own streams; then the invocation ends without their last words. */
const outputGraceMs = 1000;

/** A longer line is cut in two, as CloudWatch Logs does at 256 KiB. */
const longestLine = 256 * 1024;

/** The log stream of one sandbox: what the function writes, framed by the lines Lambda adds. */
export class FunctionLog {
  readonly streamName: string;
  readonly #sink: LogSink;
  readonly #clock: Clock;
  readonly #function: DeclaredFunction;
  readonly #waiting = new Map<string, { left: number; readonly done: () => void }>();

  constructor(sink: LogSink, clock: Clock, declared: DeclaredFunction) {
    this.#sink = sink;
    this.#clock = clock;
    this.#function = declared;
    const day = clock.now().toISOString().slice(0, 10).replaceAll('-', '/');
    this.streamName = `${day}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
  }

  /** Takes over a stream of the process, line by line. */
  follow(stream: Readable): void {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > longestLine) {
        lines.push(rest);
        rest = '';
      }
      for (const line of lines) this.#take(line);
    });
    stream.on('end', () => this.#take(rest));
  }

  /** Follows what one invocation writes: `read` resolves once all of it was read from both streams. */
  outputOf(requestId: string): { read(): Promise<void>; forget(): void } {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const forget = (): void => {
      this.#waiting.delete(requestId);
      resolve(undefined);
    };
    this.#waiting.set(requestId, { left: 2, done: forget });
    return {
      forget,
      async read() {
        const giveUp = setTimeout(forget, outputGraceMs);
        await promise;
        clearTimeout(giveUp);
      },
    };
  }

  started(requestId: string): void {
    this.#platform(`START RequestId: ${requestId} Version: $LATEST`, 'platform.start', {
      requestId,
      version: '$LATEST',
    });
  }

  ended(requestId: string, { durationMs, memoryMb, initMs, status }: InvocationMetrics): void {
    const { memoryMb: size } = this.#function;
    const billed = Math.ceil(durationMs);
    if (this.#function.logFormat === 'Text') this.#append(`END RequestId: ${requestId}`);
    const parts = [
      `REPORT RequestId: ${requestId}`,
      `Duration: ${durationMs.toFixed(2)} ms`,
      `Billed Duration: ${billed} ms`,
      `Memory Size: ${size} MB`,
      `Max Memory Used: ${memoryMb} MB`,
      ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
      ...(status === 'success' ? [] : [`Status: ${status}`]),
    ];
    this.#platform(`${parts.join('\t')}\t`, 'platform.report', {
      requestId,
      status,
      metrics: {
        durationMs,
        billedDurationMs: billed,
        memorySizeMB: size,
        maxMemoryUsedMB: memoryMb,
        ...(initMs === undefined ? {} : { initDurationMs: initMs }),
      },
    });
  }

  /** A line of Lambda's own about an invocation that its process did not answer. */
  note(line: string): void {
    this.#append(line);
  }

  #take(line: string): void {
    if (line === '') return;
    for (const [requestId, waiting] of this.#waiting) {
      if (line !== endOfOutput(requestId)) continue;
      waiting.left -= 1;
      if (waiting.left === 0) waiting.done();
      return;
    }
    if (!line.startsWith(endOfOutput('').slice(0, -1))) this.#append(line);
  }

  #platform(text: string, type: string, record: Readonly<Record<string, unknown>>): void {
    const time = this.#clock.now().toISOString();
    this.#append(
      this.#function.logFormat === 'Text' ? text : JSON.stringify({ time, type, record }),
    );
  }

  #append(message: string): void {
    const { logGroupName } = this.#function;
    this.#sink.append(logGroupName, this.streamName, message, this.#clock.now());
  }
}
