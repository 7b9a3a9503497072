import { readdir, readFile, readlink } from 'node:fs/promises';

/** Ids of the processes that work in a directory or below it, other than this one. */
export async function processesIn(directory: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return cwd.startsWith(directory) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Ids of the processes that have a word in their command line, wherever they work. */
export async function processesNaming(word: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      return line.includes(word) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Asks again and again, until the answer is yes. */
export async function until(ask: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 10));
}
