import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** Finds the process of the poller on the workbench of an embedded cloud; undefined where none runs. */
export function findPoller(directory: string): number | undefined {
  const found = readdirSync('/proc').find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    const words = commandLine(pid);
    return words[1]?.startsWith(directory) === true && words[1].endsWith('/poller/agent.mjs');
  });
  return found === undefined ? undefined : Number(found);
}

/** Kills the poller, as a machine that loses its power does. Answers false where none runs any more. */
export function killPoller(directory: string): boolean {
  const pid = findPoller(directory);
  try {
    return pid !== undefined && process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
    return false;
  }
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
