import { spawn } from 'node:child_process';
import { type PipelineContract, type PipelineRun, runEnvironment } from '../pipelines/contract.ts';
import { runVariable } from '../pipelines/run-protocol.ts';
import type { PipelineCell } from './pipeline-cell.ts';
import { memoryOfTree } from './process-tree.ts';

/** How a run of a pipeline's entry ended. */
export type PipelineEnd =
  | { readonly kind: 'exit'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly by: 'time limit' | 'memory limit' | 'signal' };

/**
 * Makes the entry end when the agent does, however it ends: the kernel closes the pipe at fd 3.
 *
 * Without it a pipeline whose agent was killed would go on with plaintext that nobody wipes. And
 * where the machine's memory runs out, it is the pipeline that the kernel takes, not the agent.
 */
const endWithAgent = `data:text/javascript,${encodeURIComponent(`
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
const agent = new Socket({ fd: 3 });
agent.on('close', () => {
  process.kill(0, 'SIGKILL');
  process.exit(137);
}).on('error', () => {});
agent.resume().unref();
try {
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {}
`)}`;

/** A kill that meets a process while it starts another is repeated. */
const killAgainMilliseconds = 100;

/**
 * Runs a pipeline's entry as a process of its own and waits for its end.
 *
 * The process gets the environment of the contract and nothing else, so no credentials. What it
 * prints is discarded. It and whatever it starts are in a cell, and are killed as a whole at the
 * time limit, at the abort, and at the entry's end. The memory limit is the JavaScript heap's, and
 * that of all of the cell's processes together, looked at now and then: what is taken in between is
 * not stopped by it.
 */
export async function runPipeline(
  entry: string,
  {
    run,
    limits,
    cell,
    memoryCheckMilliseconds,
    signal,
  }: {
    readonly run: PipelineRun;
    readonly limits: PipelineContract['limits'];
    readonly cell: PipelineCell;
    readonly memoryCheckMilliseconds: number;
    readonly signal: AbortSignal;
  },
): Promise<PipelineEnd> {
  signal.throwIfAborted();
  const [program, ...words] = [
    ...cell.launcher,
    process.execPath,
    `--max-old-space-size=${limits.memoryMiB}`,
    '--import',
    endWithAgent,
    entry,
  ];
  const child = spawn(program, words, {
    cwd: run.temporary,
    env: runEnvironment(run),
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('exit', resolve);
  });
  const place = {
    directory: run.temporary,
    mark: `${runVariable.temporary}=${run.temporary}`,
  };
  const killAll = async (): Promise<void> => {
    if (child.pid !== undefined) await cell.kill(child.pid, place);
  };
  let by: 'time limit' | 'memory limit' | 'signal' = 'signal';
  let killing: NodeJS.Timeout | undefined;
  const kill = (why: typeof by): void => {
    if (killing !== undefined) return;
    by = why;
    void killAll();
    killing = setInterval(() => void killAll(), killAgainMilliseconds);
  };
  const timer = setTimeout(() => kill('time limit'), limits.processSeconds * 1000);
  const memory = setInterval(() => {
    void memoryOfTree(child.pid ?? 0).then((used) => {
      if (used > limits.memoryMiB) kill('memory limit');
    });
  }, memoryCheckMilliseconds);
  const stop = (): void => kill('signal');
  signal.addEventListener('abort', stop);
  try {
    const exitCode = await ended;
    signal.throwIfAborted();
    // A launcher whose program was killed may tell of it in a code of its own.
    const isKilled = exitCode === null || (killing !== undefined && exitCode !== 0);
    return isKilled ? { kind: 'killed', by } : { kind: 'exit', exitCode };
  } finally {
    clearTimeout(timer);
    clearInterval(memory);
    clearInterval(killing);
    signal.removeEventListener('abort', stop);
    if (!cell.isSealed) await killAll();
  }
}
