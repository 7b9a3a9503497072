import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

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

/** Runs `czar` to its end. */
export function czar(...args: readonly string[]): Promise<Ended> {
  return startCzar(args).ended;
}

/** The JSON lines of a stream. */
export function jsonLines(stream: string): Record<string, unknown>[] {
  return stream
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
