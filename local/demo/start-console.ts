import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Starts the console for the embedded cloud that stays; it ends with that cloud. Answers its address.
 *
 * @throws Error where it could not start.
 */
export async function startConsole(): Promise<string> {
  const program = fileURLToPath(new URL('../../console/serve.ts', import.meta.url));
  const child = spawn(process.execPath, [program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the console could not start');
  });
  const [address] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended,
  ])) as [string];
  ended.catch(() => undefined);
  child.stdout.destroy();
  child.unref();
  return address;
}
