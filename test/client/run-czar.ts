import { type ChildProcess, spawn } from 'node:child_process';
import { Console } from 'node:console';
import { once } from 'node:events';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { runProgram } from '../../client/program.ts';

const launcher = fileURLToPath(new URL('../../client/czar.mjs', import.meta.url));

/** How a run of `czar` ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the real launcher in a process of its own, with the environment of the test. */
export function startCzar(
  args: readonly string[],
  options: { cwd?: string; nodeOptions?: readonly string[] } = {},
): Started {
  const { cwd, nodeOptions = [] } = options;
  const child = spawn(process.execPath, [...nodeOptions, launcher, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = (async () => {
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  })();
  return { child, ended };
}

/** Runs the real launcher to its end. */
export function czarProcess(...args: readonly string[]): Promise<Ended> {
  return startCzar(args).ended;
}

/**
 * Runs `czar` to its end inside the test's own process: all of it but the launcher, in a tenth of
 * the time.
 *
 * What is said of a process stays with `czarProcess` and `startCzar`: that it ends and with which
 * code, streams that the system keeps apart, signals, a kill, the folder it runs in.
 */
export async function czar(...args: readonly string[]): Promise<Ended> {
  const streams = collectStreams();
  const listeners = signals.map((signal) => process.listeners(signal));
  const exitCode = process.exitCode;
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { code: exitCodeNow(), ...streams.written };
  } finally {
    process.exitCode = exitCode;
    streams.restore();
    for (const [at, signal] of signals.entries()) {
      const added = process.listeners(signal).filter((its) => !listeners[at]?.includes(its));
      for (const listener of added) process.off(signal, listener);
    }
  }
}

/** Typed by a function, because the compiler takes it for what was assigned last. */
const exitCodeNow = (): number => Number(process.exitCode ?? 0);

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Collects what this process writes, its warnings and what goes through `console` included. */
function collectStreams() {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk, ...rest) => {
      written[name] += Buffer.from(chunk).toString();
      const done = rest.at(-1);
      if (typeof done === 'function') queueMicrotask(done);
      return true;
    }),
  );
  const onWarning = (warning: Error): void => void (written.stderr += `${String(warning)}\n`);
  process.on('warning', onWarning);
  // Vitest's own goes past the process's streams.
  vi.stubGlobal('console', new Console(process.stdout, process.stderr));
  return {
    written,
    restore() {
      for (const spy of spies) spy.mockRestore();
      process.off('warning', onWarning);
      vi.unstubAllGlobals();
    },
  };
}

/** The JSON lines of a stream. */
export function jsonLines(stream: string): Record<string, unknown>[] {
  return stream
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
