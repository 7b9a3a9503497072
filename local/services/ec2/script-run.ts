import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineMark, signal } from './machine-processes.ts';
import type { Script, ScriptEnd } from './machine-protocol.ts';

/** Characters of output that Run Command keeps of each stream. */
const keptOutput = { stdout: 24_000, stderr: 8_000 };

/**
 * How long output is waited for once a script ended: what it left running may hold the pipes open
 * for ever.
 */
const drainMs = 250;

/** A script that runs on this machine. */
export interface ScriptRun {
  readonly ended: Promise<ScriptEnd>;
  /** Asks the script's process group to end. */
  terminate(): void;
  /** Kills the script's process group, as SSM's agent does where it cancels a command. */
  kill(why?: 'cancel'): void;
}

/** Runs a script in a process group of its own; `root` is the machine's directory. */
export function runScript(root: string, script: Script): ScriptRun {
  const file = join(root, script.file);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, script.text, { mode: 0o700 });
  const child = spawn(`/bin/${script.shell}`, [file], {
    cwd: root,
    env: { ...script.environment, [machineMark]: root },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stopped: ScriptEnd['stopped'];
  const signalGroup = (name: NodeJS.Signals): boolean => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return false;
    }
    signal(-child.pid, name);
    return true;
  };
  const kill = (why?: ScriptEnd['stopped']): void => {
    if (signalGroup('SIGKILL')) stopped ??= why;
  };
  const limit = setTimeout(() => kill('time limit'), script.timeoutSeconds * 1000);
  const stdout = keep(child.stdout, keptOutput.stdout);
  const stderr = keep(child.stderr, keptOutput.stderr);
  const closed = new Promise((resolve) => child.on('close', resolve));
  const exited = new Promise<number>((resolve) => {
    // No shell: the machine itself is broken.
    child.on('error', () => resolve(127));
    child.on('exit', (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)));
  });
  const whenEnded = async (): Promise<ScriptEnd> => {
    const exitCode = await exited;
    clearTimeout(limit);
    await Promise.race([closed, sleep(drainMs)]);
    return { exitCode, stopped, stdout: stdout(), stderr: stderr() };
  };
  return { ended: whenEnded(), terminate: () => void signalGroup('SIGTERM'), kill };
}

/** Keeps the first `limit` characters of a stream and lets the rest flow away. */
function keep(stream: NodeJS.ReadableStream, limit: number): () => string {
  let kept = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    if (kept.length < limit) kept += chunk.slice(0, limit - kept.length);
  });
  return () => kept;
}
