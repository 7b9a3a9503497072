import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import process from 'node:process';

/** Says that no other poller of this machine is alive, for as long as it is held. */
export interface MachineLock {
  release(): Promise<void>;
}

/**
 * Takes the machine's lock of a folder; undefined where another process has it.
 *
 * It is a socket in Linux's abstract namespace, which has no file: the kernel takes it back at the very
 * end of a process, however that comes. Other systems have none, and no workbench is one of them: there
 * the lock is never had.
 */
export async function lockMachine(folder: string): Promise<MachineLock | undefined> {
  if (process.platform !== 'linux') return undefined;
  const name = createHash('sha256').update(folder).digest('hex');
  const server = createServer((socket) => socket.destroy());
  const taken = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ path: `\0czar-poller-${name}` }, () => resolve(true));
  });
  if (!taken) return undefined;
  server.unref();
  return { release: () => new Promise((resolve) => void server.close(() => resolve())) };
}
