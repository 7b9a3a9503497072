import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { findPipeline, listPipelines } from '../pipelines/registry.ts';
import { errorCode } from '../runtime/fatal-error.ts';
import { WorkerBrokenError } from '../workflow/model/errors.ts';
import { ConfigureReply } from '../workflow/model/worker-command.ts';
import type { PipelineCell } from './pipeline-cell.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** The oldest Node that the agent runs on, as `engines` in package.json. */
const oldestNode = [22, 13] as const;

/**
 * Checks that this instance is what the launch template asked for.
 *
 * @throws WorkerBrokenError with the one thing that is wrong: software, swap, scratch, pipelines or
 *   what keeps their processes together
 */
export async function configureWorker(
  { settings, paths, cell }: Pick<WorkerDeps, 'settings' | 'paths' | 'cell'>,
  nodeVersion = process.versions.node,
): Promise<ConfigureReply> {
  checkNode(nodeVersion);
  await checkSwap(paths.swaps);
  if (paths.swaps !== undefined) checkCell(cell);
  await checkScratch(paths.scratch);
  await checkPipelines(paths.pipelines);
  const agentSha256 = await fileDigest(paths.agentTar);
  if (agentSha256 !== settings.agentSha256) {
    throw new WorkerBrokenError('the agent is not the one that the launch template names');
  }
  return { agentSha256, nodeVersion };
}

function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestNode;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new WorkerBrokenError(`node must be at least ${oldestNode.join('.')}, got ${version}`);
}

async function checkSwap(swaps: string | undefined): Promise<void> {
  if (swaps === undefined) return;
  const [, ...devices] = (await readFile(swaps, 'utf8')).trim().split('\n');
  if (devices.length > 0) throw new WorkerBrokenError(`swap is on: ${devices.length} devices`);
}

/** Somebody's own machine need not have process namespaces. A worker does, and is root. */
function checkCell({ isSealed }: PipelineCell): void {
  if (!isSealed) throw new WorkerBrokenError('pipelines cannot get a process namespace: unshare');
}

async function checkScratch(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new WorkerBrokenError('there is no scratch directory');
  const mode = found.mode & 0o777;
  if (mode !== 0o700 || found.uid !== process.getuid?.()) {
    throw new WorkerBrokenError(
      `scratch must be the worker's own with mode 700, got ${mode.toString(8)}`,
    );
  }
}

async function checkPipelines(directory: string): Promise<void> {
  const names = await listPipelines(directory);
  if (names.length === 0) throw new WorkerBrokenError('no pipeline is installed');
  for (const name of names) {
    try {
      await findPipeline(directory, name);
    } catch (error) {
      throw new WorkerBrokenError(`pipeline ${name} cannot be read: ${errorCode(error)}`, {
        cause: error,
      });
    }
  }
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw new WorkerBrokenError(`the agent cannot be read: ${errorCode(error)}`, { cause: error });
  }
  return hash.digest('hex');
}
