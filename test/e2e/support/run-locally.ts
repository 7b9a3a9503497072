import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** A program of the project that runs in a process group of its own, as in a terminal. */
export interface LocalRun {
  readonly pid: number;
  /** Everything it has written, stdout and stderr in the order in which they came. */
  readonly text: () => string;
  readonly stdout: () => string;
  /** Resolves with its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a program of the project, with `folder` in place of the project's `.czar`. */
export function runLocally(folder: string, program: string, ...args: string[]): LocalRun {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: projectRoot,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      CZAR_LOCAL_DIRECTORY: folder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { pid: pidOf(child), text: () => text, stdout: () => stdout, ended: whenEnded(child) };
}

/** Presses Ctrl-C: a terminal signals the whole foreground group. */
export function pressCtrlC({ pid }: LocalRun): void {
  process.kill(-pid, 'SIGINT');
}

/**
 * Lists what runs for a local run: every process that has its folder in its environment or command
 * line. Its cloud, sandboxes, machines, and what runs on them are all started with it.
 */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/environ`).concat(commandLine(pid)).includes(folder))
    .map((pid) => `${pid} ${commandLine(pid)}`);
}

const commandLine = (pid: string): string => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the program did not start');
  return pid;
}

function whenEnded(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
}
