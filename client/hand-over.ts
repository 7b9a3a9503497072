import { spawn } from 'node:child_process';
import process from 'node:process';
import type { Command } from 'commander';
import { exitCodes } from './exit-codes.ts';

/** Hands the terminal to a program of the project, by its path; its exit code is this command's. */
export function handOver(
  command: Command,
  programPath: string,
  args: readonly string[],
): Promise<void> {
  const { study } = command.optsWithGlobals<{ study: string }>();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [programPath, ...args], {
      stdio: 'inherit',
      env: { ...process.env, CZAR_STUDY: study },
    });
    // A terminal's Ctrl-C reaches the child as well: it ends in good order, and this process with it.
    const wait = (): void => undefined;
    const terminate = (): void => void child.kill('SIGTERM');
    process.on('SIGINT', wait).on('SIGTERM', terminate);
    child.on('error', reject);
    child.on('exit', (code) => {
      process.off('SIGINT', wait).off('SIGTERM', terminate);
      process.exitCode = code ?? exitCodes.interrupted;
      resolve();
    });
  });
}
