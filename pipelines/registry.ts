import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineName } from '../workflow/model/batch-request.ts';
import { PipelineContract, contractFileName } from './contract.ts';

/** No pipeline of that name is installed beside the worker. */
export class PipelineNotFoundError extends Error {
  override readonly name = 'PipelineNotFoundError';
  readonly code = 'PipelineNotFoundError';
}

/** A pipeline's folder is there, but its contract is missing, wrong or not kept. */
export class PipelineContractError extends Error {
  override readonly name = 'PipelineContractError';
  readonly code = 'PipelineContractError';
}

/** An installed pipeline: its contract and where its entries are. */
export interface Pipeline {
  contract: PipelineContract;
  directory: string;
  processEntry: string;
  consolidateEntry: string;
}

/** The directory of pipelines next to a bundle, which passes its `import.meta.url`. */
export function pipelinesBeside(bundleUrl: string): string {
  return fileURLToPath(new URL('pipelines', bundleUrl));
}

/**
 * Finds a pipeline by name in a directory with one folder per pipeline.
 *
 * The name is checked before it becomes a part of a path.
 *
 * @throws PipelineNotFoundError where there is no such folder; the message says which there are
 * @throws PipelineContractError where the contract is missing, malformed, of another name, or
 *   names an entry that is not there
 */
export async function findPipeline(pipelinesDirectory: string, name: string): Promise<Pipeline> {
  const installed = await listPipelines(pipelinesDirectory);
  if (!PipelineName.safeParse(name).success || !installed.includes(name)) {
    throw new PipelineNotFoundError(
      `There is no such pipeline. Installed: ${installed.join(', ') || 'none'}.`,
    );
  }
  const directory = join(pipelinesDirectory, name);
  const contract = await readContract(directory, name);
  if (contract.name !== name) {
    throw new PipelineContractError(`${name}: ${contractFileName} is of another pipeline (name).`);
  }
  return {
    contract,
    directory,
    processEntry: await entry(directory, contract, 'process'),
    consolidateEntry: await entry(directory, contract, 'consolidate'),
  };
}

/** The names of the pipelines in a directory, sorted. Empty where there is no such directory. */
export async function listPipelines(pipelinesDirectory: string): Promise<string[]> {
  try {
    const entries = await readdir(pipelinesDirectory, { withFileTypes: true });
    return entries
      .filter((item) => item.isDirectory() && PipelineName.safeParse(item.name).success)
      .map((item) => item.name)
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function readContract(directory: string, name: string): Promise<PipelineContract> {
  const contract = PipelineContract.safeParse(await readJson(directory, name));
  if (contract.success) return contract.data;
  const problems = contract.error.issues.map(
    ({ path, message }) => `${path.join('.') || contractFileName}: ${message}`,
  );
  throw new PipelineContractError(`${name}: ${problems.join('; ')}.`);
}

async function readJson(directory: string, name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(directory, contractFileName), 'utf8'));
  } catch (cause) {
    if (isMissing(cause)) {
      throw new PipelineContractError(`${name}: ${contractFileName} is missing.`, { cause });
    }
    if (cause instanceof SyntaxError) {
      throw new PipelineContractError(`${name}: ${contractFileName} is not JSON.`, { cause });
    }
    throw cause;
  }
}

async function entry(
  directory: string,
  contract: PipelineContract,
  kind: 'process' | 'consolidate',
): Promise<string> {
  const path = join(directory, contract[kind]);
  try {
    if ((await stat(path)).isFile()) return path;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  throw new PipelineContractError(`${contract.name}: the ${kind} entry is not a file.`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
