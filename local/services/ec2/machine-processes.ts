import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** The variable that marks a machine's processes; its value is the machine's directory. */
export const machineMark = 'CZAR_MACHINE';

/** Longest wait for killed processes to be gone: one that the kernel holds cannot be waited out. */
const longestKillMs = 5_000;

/** Signals a process, or a group where the id is negative; one that is gone already is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * Lists the processes that belong to a machine: those marked in their environment, those whose
 * program is in the machine's directory, or which work there, and what descends from them.
 *
 * That finds children that left their group and session, and pipelines, which get an environment
 * of their own. Given a folder of machines, it lists those of all. Linux only (`/proc`); elsewhere
 * the list is empty and process groups have to do.
 */
export function machineProcesses(directory: string): number[] {
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const name of readEntries('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const stat = readStat(name);
    parents.set(pid, stat.parent);
    if (belongsTo(directory, name, stat)) found.add(pid);
  }
  for (let known = 0; known < found.size;) {
    known = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Kills a machine's processes until none is left, however they hide from their group. */
export async function killProcesses(directory: string): Promise<void> {
  const deadline = Date.now() + longestKillMs;
  for (;;) {
    const left = machineProcesses(directory);
    for (const pid of left) signal(pid, 'SIGKILL');
    if (left.length === 0 || Date.now() > deadline) return;
    await sleep(10);
  }
}

interface Stat {
  readonly parent: number;
  readonly hasTerminal: boolean;
}

function belongsTo(directory: string, pid: string, { hasTerminal }: Stat): boolean {
  const isInside = (path: string): boolean =>
    path === directory || path.startsWith(`${directory}/`);
  if (isInside(readLink(`/proc/${pid}/exe`))) return true;
  // No machine has a terminal. A person who looks around in its directory has one.
  if (!hasTerminal && isInside(readLink(`/proc/${pid}/cwd`))) return true;
  const mark = `${machineMark}=`;
  return read(`/proc/${pid}/environ`)
    .split('\0')
    .some((entry) => entry.startsWith(mark) && isInside(entry.slice(mark.length)));
}

/** Reads what follows the process's name, which is in parentheses and may itself hold any sign. */
function readStat(pid: string): Stat {
  const stat = read(`/proc/${pid}/stat`);
  const [, parent, , , terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(parent ?? 0), hasTerminal: terminal !== '0' };
}

// What cannot be read is gone, or another user's: neither is a machine's.
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readEntries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
