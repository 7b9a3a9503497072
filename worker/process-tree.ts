import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Lists what descends from a process, itself left out. Empty where the system does not tell, as
 * outside of Linux.
 *
 * A child whose parent ended descends from the nearest init: inside of a process namespace that is
 * the namespace's own, so that nothing in it gets out of this list.
 */
export async function descendantsOf(pid: number): Promise<number[]> {
  const found: number[] = [];
  for (let next = await childrenOf(pid); next.length > 0;) {
    found.push(...next);
    next = (await Promise.all(next.map(childrenOf))).flat();
  }
  return found;
}

/** Says whether the kernel tells the children of a process, as all but the smallest do. */
export async function tellsChildren(): Promise<boolean> {
  return (await readOwn(process.pid, `task/${process.pid}/children`)) !== undefined;
}

/** Lists the processes that work below a directory, or have an entry in their environment. */
export async function markedProcesses(directory: string, entry: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of numbers(await readdir('/proc').catch(() => []))) {
    if (pid === process.pid) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const isInside = cwd === directory || cwd.startsWith(`${directory}/`);
    const environment = isInside ? '' : await readOwn(pid, 'environ');
    if (isInside || environment?.split('\0').includes(entry)) found.push(pid);
  }
  return found;
}

/**
 * Memory in MiB that a process and all that descends from it hold and nobody else does.
 *
 * Files they have mapped are left out: the system takes those pages back when it needs them.
 */
export async function memoryOfTree(pid: number): Promise<number> {
  const sizes = await Promise.all([pid, ...(await descendantsOf(pid))].map(ownMemory));
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

async function ownMemory(pid: number): Promise<number> {
  const status = (await readOwn(pid, 'status')) ?? '';
  const sizes = status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm);
  return [...sizes].reduce((sum, [, size]) => sum + Number(size), 0);
}

/** A process's children are those of its threads. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readOwn(pid, `task/${thread}/children`)));
  return lists.flatMap((list) => numbers(list?.split(' ') ?? []));
}

/** Reads one of a process's files; undefined where the process is gone, or has none such. */
async function readOwn(pid: number, name: string): Promise<string | undefined> {
  return readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => undefined);
}

const numbers = (texts: readonly string[]): number[] =>
  texts.map(Number).filter((number) => Number.isInteger(number) && number > 0);
