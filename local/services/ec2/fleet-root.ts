import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { machineProcesses, signal } from './machine-processes.ts';

/**
 * Makes the folder of all machines, by its real path, as the kernel names it.
 *
 * What an earlier cloud in the same place could not end, be it killed with its machines, ends now.
 */
export function prepareRoot(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const root = realpathSync(folder);
  for (const pid of machineProcesses(root)) signal(pid, 'SIGKILL');
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  return root;
}
