/**
 * The process that is an instance of the embedded EC2: it runs scripts in the instance's directory,
 * and takes every process it started and the whole directory with it when it ends. Only where it is
 * told to stop, the directory stays.
 *
 * It ends when it is told to, and when the process that started it is gone, however that died: then
 * nothing is left to give orders, and no plaintext may stay. Started as
 * `node machine.ts <directory>`, with an IPC channel.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { killProcesses, machineProcesses, signal } from './machine-processes.ts';
import type { MachineOrder, MachineReport } from './machine-protocol.ts';
import { runScript, type ScriptRun } from './script-run.ts';

const directory = process.argv[2] ?? '';
const running = new Map<string, ScriptRun>();
const cancelled = new Set<string>();
/** Set once the machine ends: when what still runs is killed. */
let deadline: number | undefined;
let keepsDirectory = false;

function report(message: MachineReport): void {
  // Where nobody listens any more the channel's end says so: an error of its own is none here.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function run({ id, script }: Extract<MachineOrder, { type: 'run' }>): Promise<void> {
  if (deadline !== undefined || cancelled.delete(id)) return;
  const started = runScript(directory, script);
  running.set(id, started);
  report({ type: 'started', id });
  const end = await started.ended;
  running.delete(id);
  report({ type: 'ended', id, end });
}

function cancel(id: string): void {
  const script = running.get(id);
  if (script === undefined) cancelled.add(id);
  else script.kill('cancel');
}

/** Tells every process once; where processes cannot be listed, the scripts' groups. */
function askToEnd(): void {
  const processes = machineProcesses(directory);
  for (const pid of processes) signal(pid, 'SIGTERM');
  if (processes.length === 0) for (const script of running.values()) script.terminate();
}

const isBusy = (): boolean => running.size > 0 || machineProcesses(directory).length > 0;

/** Ends the machine: its processes get a moment to end by themselves, then no more. */
async function end(graceSeconds: number, keep: boolean): Promise<void> {
  const wasEnding = deadline !== undefined;
  // What was to be stopped can still be terminated, not the other way round.
  keepsDirectory = keep && (keepsDirectory || !wasEnding);
  // A second order can shorten the time, never lengthen it.
  deadline = Math.min(deadline ?? Infinity, Date.now() + graceSeconds * 1000);
  if (wasEnding) return;
  try {
    if (graceSeconds > 0) askToEnd();
    while (Date.now() < deadline && isBusy()) await sleep(50);
    for (const script of running.values()) script.kill();
    await killProcesses(directory);
    // How the last scripts ended is still to be told.
    for (let waits = 0; running.size > 0 && waits < 20; waits += 1) await sleep(25);
  } finally {
    if (!keepsDirectory) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    process.exit(0);
  }
}

process.umask(0o077);
process.on('message', (order: MachineOrder) => {
  // A cancel that came right behind its order, as after a freeze, is to be seen before it.
  if (order.type === 'run') setImmediate(() => void run(order));
  else if (order.type === 'cancel') cancel(order.id);
  else void end(order.graceSeconds, order.type === 'stop');
});
process.on('disconnect', () => void end(0, false));
// A defect of the machine must not leave behind what it started.
process.on('uncaughtException', (error) => {
  console.error('machine:', error.stack);
  void end(0, false);
});
process.on('SIGTERM', () => void end(0, false));
// A terminal's Ctrl-C reaches the whole foreground group; the cloud decides when a machine ends.
process.on('SIGINT', () => undefined);
// The image's `systemctl poweroff` sends this one.
process.on('SIGUSR2', () => report({ type: 'shutdown' }));

mkdirSync(join(directory, 'run'), { recursive: true });
writeFileSync(join(directory, 'run', 'machine.pid'), String(process.pid));
report({ type: 'ready' });
