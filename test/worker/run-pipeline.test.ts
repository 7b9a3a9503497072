import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PipelineEnd, runPipeline } from '../../worker/run-pipeline.ts';
import { processesIn, until } from './processes.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipeline-test-'));
  await mkdir(join(directory, 'output'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const limits = { processSeconds: 60, memoryMiB: 512 };
const never = new AbortController().signal;

async function run(
  source: string,
  options: { limits?: typeof limits; signal?: AbortSignal } = {},
): Promise<PipelineEnd> {
  const entry = join(directory, 'entry.mjs');
  await writeFile(entry, source);
  return runPipeline(entry, {
    run: {
      input: '/in',
      output: join(directory, 'output'),
      reference: '/reference',
      temporary: directory,
      object: { objectId: 'id', mediaType: 'text/csv' },
    },
    limits,
    memoryCheckMilliseconds: 50,
    signal: never,
    ...options,
  });
}

const hang = 'setInterval(() => {}, 1000);';

describe('a pipeline', () => {
  it.each([0, 65, 70, 1])('that ends with %i is reported with it', async (exitCode) => {
    expect(await run(`process.exit(${exitCode})`)).toEqual({ kind: 'exit', exitCode });
  });

  it('gets the environment of its contract and nothing else, so no credentials', async () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'secret';
    await run(`
      import { writeFileSync } from 'node:fs';
      writeFileSync(process.env.CZAR_OUTPUT + '/env.json', JSON.stringify(process.env));
    `);
    delete process.env.AWS_SECRET_ACCESS_KEY;

    const env: unknown = JSON.parse(await readFile(join(directory, 'output/env.json'), 'utf8'));

    expect(env).toEqual({
      CZAR_INPUT: '/in',
      CZAR_OUTPUT: join(directory, 'output'),
      CZAR_REFERENCE: '/reference',
      CZAR_OBJECT_ID: 'id',
      CZAR_MEDIA_TYPE: 'text/csv',
      TMPDIR: directory,
    });
  });

  it('may print more than a pipe holds: nobody reads it, and it does not wait', async () => {
    const end = await run(`process.stdout.write('JaneCanary'.repeat(1e6)); process.exitCode = 0;`);

    expect(end).toEqual({ kind: 'exit', exitCode: 0 });
  });

  it('that takes too long is killed with everything that it started', async () => {
    const end = await run(
      `import { spawn } from 'node:child_process';
       spawn(process.execPath, ['-e', ${JSON.stringify(hang)}], { stdio: 'ignore' });
       ${hang}`,
      { limits: { ...limits, processSeconds: 1 } },
    );

    expect(end).toEqual({ kind: 'killed', by: 'time limit' });
    await until(async () => (await processesIn(directory)).length === 0);
  });

  it('that ends well leaves nothing running', async () => {
    await run(`
      import { spawn } from 'node:child_process';
      spawn(process.execPath, ['-e', ${JSON.stringify(hang)}], { stdio: 'ignore' }).unref();
    `);

    await until(async () => (await processesIn(directory)).length === 0);
  });

  it('that takes too much memory outside of its heap is killed', async () => {
    const end = await run(`globalThis.kept = Buffer.alloc(300 * 1024 * 1024, 1); ${hang}`, {
      limits: { ...limits, memoryMiB: 200 },
    });

    expect(end).toEqual({ kind: 'killed', by: 'memory limit' });
  });

  it('is killed when the work is aborted, and the reason is thrown', async () => {
    const stop = new AbortController();
    const reason = new Error('stop');
    const end = run(hang, { signal: stop.signal });
    await until(async () => (await processesIn(directory)).length > 0);

    stop.abort(reason);

    await expect(end).rejects.toBe(reason);
    expect(await processesIn(directory)).toEqual([]);
  });

  it('ends when the worker itself is killed', async () => {
    const entry = join(directory, 'entry.mjs');
    await writeFile(entry, hang);
    const module = new URL('../../worker/run-pipeline.ts', import.meta.url).href;
    const worker = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { runPipeline } = await import(${JSON.stringify(module)});
         await runPipeline(${JSON.stringify(entry)}, {
           run: { input: '/', output: '/', reference: '/', temporary: ${JSON.stringify(directory)} },
           limits: ${JSON.stringify(limits)},
           memoryCheckMilliseconds: 1000,
           signal: new AbortController().signal,
         });`,
      ],
      { stdio: 'ignore' },
    );
    await until(async () => (await processesIn(directory)).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));

    worker.kill('SIGKILL');

    await until(async () => (await processesIn(directory)).length === 0);
  });
});
