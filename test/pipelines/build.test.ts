import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundlePipelines } from '../../pipelines/build.ts';
import { findPipeline } from '../../pipelines/registry.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bundles-'));
  await bundlePipelines(join(directory, 'first'));
  await bundlePipelines(join(directory, 'second'));
});

afterAll(() => rm(directory, { recursive: true }));

describe('bundlePipelines', () => {
  it('makes folders that the registry accepts', async () => {
    const { contract } = await findPipeline(join(directory, 'first'), 'vitals-summary');

    expect(contract).toMatchObject({ name: 'vitals-summary', acceptedTypes: ['text/csv'] });
    expect(await readdir(join(directory, 'first'))).toEqual(['vitals-stream', 'vitals-summary']);
    expect(await readdir(join(directory, 'first', 'vitals-summary'))).toEqual([
      'consolidate.mjs',
      'pipeline.json',
      'process.mjs',
    ]);
  });

  // Start-up counts. zod, which checks the lines of sensor objects, takes most of the 250 KB.
  it.each([
    ['vitals-summary', 'process.mjs', ['@duckdb/node-api'], 40_000],
    ['vitals-summary', 'consolidate.mjs', ['@duckdb/node-api'], 40_000],
    ['vitals-stream', 'process.mjs', [], 250_000],
    ['vitals-stream', 'consolidate.mjs', ['@duckdb/node-api'], 40_000],
  ])(
    'leaves only Node and the engine outside of %s/%s, and no path of this machine in it',
    async (name, file, engine, mostBytes) => {
      const text = await readFile(join(directory, 'first', name, file), 'utf8');

      const outside = [...text.matchAll(/^import .*from "([^"]+)";$/gm)].map(([, name]) => name);
      expect(new Set(outside.filter((name) => !name?.startsWith('node:')))).toEqual(
        new Set(engine),
      );
      expect(text).not.toContain(process.cwd());
      expect(text.length).toBeLessThan(mostBytes);
    },
  );

  it('gives the same bytes each time', async () => {
    for (const file of ['process.mjs', 'consolidate.mjs', 'pipeline.json']) {
      const [first, second] = await Promise.all(
        ['first', 'second'].map((run) => readFile(join(directory, run, 'vitals-summary', file))),
      );
      expect(first).toEqual(second);
    }
  });
});
