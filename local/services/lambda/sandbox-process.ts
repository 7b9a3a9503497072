import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { SandboxOrder, SandboxReport } from './sandbox-protocol.ts';

/** A process that is gone may have left its output to another one that keeps it open. */
const outputGraceMs = 500;

/** The process of a sandbox, and everything it starts in its process group. */
export class SandboxProcess {
  /** Resolves with Lambda's words for how it ended, after its last output was read. */
  readonly exited: Promise<string>;
  /** Called with each report. */
  onReport: ((report: SandboxReport) => void) | undefined;
  readonly #child: ChildProcess;
  #isRunning = true;

  constructor(options: Pick<ForkOptions, 'cwd' | 'env' | 'execArgv'>) {
    this.#child = fork(fileURLToPath(new URL('sandbox-runtime.ts', import.meta.url)), [], {
      // A host's own flags are not for functions.
      execArgv: [],
      ...options,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A terminal's Ctrl-C is for the cloud, which ends its sandboxes in order.
      detached: true,
    });
    this.#child.on('message', (report: SandboxReport) => this.onReport?.(report));
    this.exited = this.#whenExited();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get streams(): Readable[] {
    return [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null);
  }

  order(order: SandboxOrder): void {
    // Of a process that is gone, the exit is told.
    if (this.#child.connected) this.#child.send(order, () => undefined);
  }

  kill(): void {
    if (this.#isRunning) this.#killGroup();
  }

  #killGroup(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #whenExited(): Promise<string> {
    return new Promise((resolve) => {
      this.#child.on('error', () => {
        this.#isRunning = false;
        resolve('Runtime exited with error: it did not start');
      });
      this.#child.on('exit', (code, signal) => {
        this.#isRunning = false;
        this.#killGroup();
        const done = (): void => resolve(describeExit(code, signal));
        const giveUp = setTimeout(done, outputGraceMs);
        this.#child.on('close', () => {
          clearTimeout(giveUp);
          done();
        });
      });
    });
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `Runtime exited with error: signal: ${signal}`;
  if (code === 0) return 'Runtime exited without providing a reason';
  return `Runtime exited with error: exit status ${code ?? -1}`;
}
