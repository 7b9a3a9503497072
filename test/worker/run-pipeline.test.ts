import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCell, openCell, type PipelineCell } from '../../worker/pipeline-cell.ts';
import { type PipelineEnd, runPipeline } from '../../worker/run-pipeline.ts';
import { processesIn, processesNaming, until } from './processes.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipeline-test-'));
  await mkdir(join(directory, 'output'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const limits = { processSeconds: 60, memoryMiB: 512 };
const never = new AbortController().signal;
/** The tightest that this machine has: sealed by the kernel, unless it forbids its users to. */
const found = await findCell();

async function run(
  source: string,
  options: { limits?: typeof limits; signal?: AbortSignal; cell?: PipelineCell } = {},
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
    cell: found,
    memoryCheckMilliseconds: 50,
    signal: never,
    ...options,
  });
}

const hang = 'setInterval(() => {}, 1000);';
const takeMemory =
  'globalThis.kept = Buffer.alloc(300 * 2 ** 20, 1); setTimeout(() => {}, 60_000);';

/** A program that starts another, and is named after the test's directory. */
const starts = (program: string, options: string): string => `
  import { spawn } from 'node:child_process';
  spawn(process.execPath, ['-e', ${JSON.stringify(program)}, ${JSON.stringify(directory)}],
    { stdio: 'ignore', ${options} }).unref();`;

/** What a daemon does to be rid of whoever started it: session, parent, directory, environment. */
const daemon = (): string =>
  starts(
    `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hang)}, process.argv[1]],
       { stdio: 'ignore', detached: true, cwd: '/', env: {} }).unref()`,
    "detached: true, cwd: '/', env: {}",
  );

const running = (): Promise<number[]> => processesNaming(directory);

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

  it.each([
    ['itself', () => takeMemory],
    ['in a child', () => starts(takeMemory, '') + hang],
    ['in a child that left its session', () => starts(takeMemory, 'detached: true') + hang],
  ])('that takes too much memory outside of its heap, %s, is killed', async (_where, source) => {
    const end = await run(source(), { limits: { ...limits, memoryMiB: 200 } });

    expect(end).toEqual({ kind: 'killed', by: 'memory limit' });
    expect(await running()).toEqual([]);
  });

  it('that takes too much memory of its heap ends, and not well', async () => {
    const end = await run(
      `const kept = []; for (;;) kept.push(Array.from({ length: 1e5 }, () => ({})));`,
      {
        limits: { ...limits, memoryMiB: 64 },
      },
    );

    expect(end.kind).toBe('killed');
  });

  it('is what the kernel takes first where the memory of the machine runs out', async () => {
    await run(`
      import { readFileSync, writeFileSync } from 'node:fs';
      writeFileSync(process.env.CZAR_OUTPUT + '/score', readFileSync('/proc/self/oom_score_adj'));
    `);

    expect(await readFile(join(directory, 'output/score'), 'utf8')).toBe('1000\n');
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

  it.each([
    ['waits', hang],
    ['never looks up', 'for (;;);'],
  ])('that %s ends when the worker itself is killed', async (_does, source) => {
    const entry = join(directory, 'entry.mjs');
    await writeFile(entry, source);
    const module = (name: string): string =>
      JSON.stringify(new URL(`../../worker/${name}`, import.meta.url).href);
    const worker = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { runPipeline } = await import(${module('run-pipeline.ts')});
         const { findCell } = await import(${module('pipeline-cell.ts')});
         await runPipeline(${JSON.stringify(entry)}, {
           run: { input: '/', output: '/', reference: '/', temporary: ${JSON.stringify(directory)} },
           limits: ${JSON.stringify({ ...limits, processSeconds: 20 })},
           cell: await findCell(),
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

describe('what a pipeline leaves running', () => {
  it.each([
    ['a child', () => starts(hang, '')],
    ['a child in a session of its own', () => starts(hang, 'detached: true')],
    ['a child elsewhere', () => starts(hang, "detached: true, cwd: '/'")],
  ])('ends with it: %s', async (_what, source) => {
    for (const cell of [found, openCell]) {
      expect(await run(source(), { cell })).toEqual({ kind: 'exit', exitCode: 0 });

      await until(async () => (await running()).length === 0);
    }
  });

  it('ends with it where the kernel seals the cell: a daemon without a trace of its origin', async () => {
    await run(daemon() + 'await new Promise((resolve) => setTimeout(resolve, 300));');

    expect(await running()).toHaveLength(found.isSealed ? 0 : 1);
    for (const pid of await running()) process.kill(pid, 'SIGKILL');
  });

  it('is not found in an open cell, if it is such a daemon', async () => {
    const source = daemon() + 'await new Promise((resolve) => setTimeout(resolve, 300));';
    await run(source, { cell: openCell });

    const left = await running();
    expect(left).toHaveLength(1);
    for (const pid of left) process.kill(pid, 'SIGKILL');
  });

  it('is killed with it at the time limit', async () => {
    const end = await run(
      starts(hang, 'detached: true') + daemon().replace(/^.*import.*$/m, '') + hang,
      {
        limits: { ...limits, processSeconds: 1 },
      },
    );

    expect(end).toEqual({ kind: 'killed', by: 'time limit' });
    expect(await running()).toHaveLength(found.isSealed ? 0 : 1);
    for (const pid of await running()) process.kill(pid, 'SIGKILL');
  });
});
