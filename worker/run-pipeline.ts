import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type PipelineContract, type PipelineRun, runEnvironment } from '../pipelines/contract.ts';

/** How a run of a pipeline's entry ended. */
export type PipelineEnd =
  | { readonly kind: 'exit'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly by: 'time limit' | 'memory limit' | 'signal' };

/**
 * Makes the entry end when the agent does, however it ends: the kernel closes the pipe at fd 3.
 *
 * Without it a pipeline whose agent was killed would go on with plaintext that nobody wipes.
 */
const endWithAgent = `data:text/javascript,${encodeURIComponent(`
import { Socket } from 'node:net';
const agent = new Socket({ fd: 3 });
agent.on('close', () => process.kill(-process.pid, 'SIGKILL')).on('error', () => {});
agent.resume().unref();
`)}`;

/**
 * Runs a pipeline's entry as a process of its own and waits for its end.
 *
 * The process gets the environment of the contract and nothing else, so no credentials. What it
 * prints is discarded. It leads a process group, which is killed as a whole at the time limit, at
 * the abort, and at its end for what it may have left running. The memory limit is the JavaScript
 * heap's, and the resident memory's of the process itself, looked at now and then: a process that
 * takes it in between, or lets children take it, is not stopped by it.
 */
export async function runPipeline(
  entry: string,
  {
    run,
    limits,
    memoryCheckMilliseconds,
    signal,
  }: {
    readonly run: PipelineRun;
    readonly limits: PipelineContract['limits'];
    readonly memoryCheckMilliseconds: number;
    readonly signal: AbortSignal;
  },
): Promise<PipelineEnd> {
  signal.throwIfAborted();
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${limits.memoryMiB}`, '--import', endWithAgent, entry],
    {
      cwd: run.temporary,
      env: runEnvironment(run),
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    },
  );
  let by: 'time limit' | 'memory limit' | 'signal' = 'signal';
  const kill = (why: typeof by): void => {
    by = why;
    killGroup(child.pid);
  };
  const timer = setTimeout(() => kill('time limit'), limits.processSeconds * 1000);
  const memory = setInterval(() => {
    void residentMiB(child.pid).then((used) => {
      if (used > limits.memoryMiB) kill('memory limit');
    });
  }, memoryCheckMilliseconds);
  const stop = (): void => kill('signal');
  signal.addEventListener('abort', stop);
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('exit', resolve);
    });
    signal.throwIfAborted();
    return exitCode === null ? { kind: 'killed', by } : { kind: 'exit', exitCode };
  } finally {
    clearTimeout(timer);
    clearInterval(memory);
    signal.removeEventListener('abort', stop);
    killGroup(child.pid);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: nothing of the group is left.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Resident memory of a process; 0 where the system does not tell, as outside of Linux. */
async function residentMiB(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}
