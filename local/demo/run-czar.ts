import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const czar = fileURLToPath(new URL('../../client/czar.mjs', import.meta.url));

/** What a run of `czar` wrote and answered. */
export interface CzarRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds that an interrupted `czar` has to end in good order. */
const graceMs = 3_000;

/**
 * Runs the very `czar` that a researcher runs, with one role's environment and nothing else of AWS.
 *
 * @throws the reason of `signal`, once the process that it ended is gone.
 */
export function runCzar(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  onLine: (line: string) => void = () => undefined,
  signal?: AbortSignal,
): Promise<CzarRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [czar, ...args], {
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stop = (): void => {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), graceMs).unref();
    };
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    let stdout = '';
    let stderr = '';
    let line = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      const lines = (line + chunk).split('\n');
      line = lines.pop() ?? '';
      lines.forEach(onLine);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve({ exitCode: code ?? -1, stdout, stderr });
    });
  });
}
