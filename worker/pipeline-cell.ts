import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { descendantsOf, markedProcesses, tellsChildren } from './process-tree.ts';

/** How a pipeline is started, so that nothing that it starts outlives it. */
export interface PipelineCell {
  /**
   * Whether the kernel itself keeps the processes together. Otherwise a process that leaves its
   * session and its directory, and sheds its environment, is not found.
   */
  readonly isSealed: boolean;
  /** The command that the pipeline's own follows. */
  readonly launcher: readonly string[];
  /** Kills what was started with the launcher and everything that came of it. */
  kill(pid: number, place: CellPlace): Promise<void>;
}

/** What the processes of one run have in common, unless they take pains. */
export interface CellPlace {
  readonly directory: string;
  /** An entry of the environment that no other run has. */
  readonly mark: string;
}

/** Dies with the agent, even where the pipeline is too busy to see that the agent is gone. */
const withAgent = ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'];

/** A process namespace: the pipeline is its init, and with the init the kernel kills all of it. */
const namespace = ['/usr/bin/unshare', '--pid', '--fork', '--kill-child'];

/** Without it only root may make a process namespace. */
const asUser = ['--user', '--map-current-user'];

const sealed = [
  [...withAgent, ...namespace, '--'],
  [...withAgent, ...namespace, ...asUser, '--'],
  [...namespace, '--'],
  [...namespace, ...asUser, '--'],
];

/** Finds the tightest cell that this machine has. A worker on EC2 is root and has the first. */
export async function findCell(): Promise<PipelineCell> {
  if (!(await tellsChildren())) return openCell;
  for (const launcher of sealed) {
    if (await works(launcher)) return { isSealed: true, launcher, kill: killNamespace };
  }
  return openCell;
}

/** A process group: all there is where the kernel has no process namespaces for this user. */
export const openCell: PipelineCell = {
  isSealed: false,
  launcher: [],
  async kill(pid, { directory, mark }) {
    signal(-pid);
    for (const straggler of await markedProcesses(directory, mark)) signal(straggler);
  },
};

/** The launcher ends by itself after its namespace: killed first, it could not wait for that end. */
async function killNamespace(pid: number): Promise<void> {
  const inside = await descendantsOf(pid);
  for (const one of inside) signal(one);
  if (inside.length === 0) signal(-pid);
}

async function works([program = '', ...words]: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(program, [...words, '/bin/true']);
    return true;
  } catch {
    return false;
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it is gone already.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
