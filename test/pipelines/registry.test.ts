import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  PipelineContractError,
  PipelineNotFoundError,
  findPipeline,
  listPipelines,
  pipelinesBeside,
} from '../../pipelines/registry.ts';

const contract = {
  name: 'count-rows',
  version: '1.0.0',
  acceptedTypes: ['text/csv'],
  process: 'process.mjs',
  consolidate: 'consolidate.mjs',
  limits: { processSeconds: 60, memoryMiB: 256 },
  resultFiles: ['rows.csv'],
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'registry-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function install(name: string, files: Record<string, string>): Promise<void> {
  await mkdir(join(directory, name));
  for (const [file, content] of Object.entries(files)) {
    await writeFile(join(directory, name, file), content);
  }
}

const entries = { 'process.mjs': '', 'consolidate.mjs': '' };

describe('findPipeline', () => {
  it('finds a pipeline with its contract and its entries', async () => {
    await install('count-rows', { ...entries, 'pipeline.json': JSON.stringify(contract) });

    expect(await findPipeline(directory, 'count-rows')).toEqual({
      contract,
      directory: join(directory, 'count-rows'),
      processEntry: join(directory, 'count-rows', 'process.mjs'),
      consolidateEntry: join(directory, 'count-rows', 'consolidate.mjs'),
    });
  });

  it('says which pipelines there are where the name is unknown', async () => {
    await install('count-rows', {});
    await install('add-columns', {});

    const search = findPipeline(directory, 'count-cells');

    await expect(search).rejects.toThrow(PipelineNotFoundError);
    await expect(search).rejects.toThrow('Installed: add-columns, count-rows.');
  });

  it('says that there is none where the directory is missing', async () => {
    const search = findPipeline(join(directory, 'absent'), 'count-rows');

    await expect(search).rejects.toThrow('There is no such pipeline. Installed: none.');
  });

  it.each(['..', '../registry', '.', '', 'count-rows/', '/etc'])(
    'does not leave its directory for the name %j',
    async (name) => {
      await install('count-rows', { ...entries, 'pipeline.json': JSON.stringify(contract) });

      await expect(findPipeline(directory, name)).rejects.toThrow(PipelineNotFoundError);
    },
  );

  it.each([
    ['no contract', entries, 'count-rows: pipeline.json is missing.'],
    [
      'a contract that is no JSON',
      { ...entries, 'pipeline.json': '{' },
      'count-rows: pipeline.json is not JSON.',
    ],
    [
      'a contract with wrong fields',
      {
        ...entries,
        'pipeline.json': JSON.stringify({ ...contract, version: 'one', process: 'run.sh' }),
      },
      'count-rows: version: must be a version such as 1.0.0; process: must be the name of an .mjs file in the pipeline folder.',
    ],
    [
      'the contract of another pipeline',
      { ...entries, 'pipeline.json': JSON.stringify({ ...contract, name: 'add-columns' }) },
      'count-rows: pipeline.json is of another pipeline (name).',
    ],
    [
      'an entry that is not there',
      { 'process.mjs': '', 'pipeline.json': JSON.stringify(contract) },
      'count-rows: the consolidate entry is not a file.',
    ],
  ])('refuses %s', async (_, files, message) => {
    await install('count-rows', files);

    const search = findPipeline(directory, 'count-rows');

    await expect(search).rejects.toThrow(PipelineContractError);
    await expect(search).rejects.toThrow(message);
  });
});

describe('listPipelines', () => {
  it('lists folders that may be pipelines, sorted', async () => {
    await install('count-rows', {});
    await install('add-columns', {});
    await install('Not-One', {});
    await writeFile(join(directory, 'readme'), '');

    expect(await listPipelines(directory)).toEqual(['add-columns', 'count-rows']);
  });
});

describe('pipelinesBeside', () => {
  it('is the folder next to the bundle', () => {
    const bundle = pathToFileURL(join(directory, 'worker.mjs')).href;

    expect(pipelinesBeside(bundle)).toBe(join(directory, 'pipelines'));
  });
});
