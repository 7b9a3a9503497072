import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorker } from '../../worker/create-worker.ts';
import { proveScratch } from '../../worker/scratch-fault.ts';
import { FakeCloud, processCommand } from './fake-cloud.ts';

const never = new AbortController().signal;
let cloud: FakeCloud;

beforeAll(async () => {
  cloud = await FakeCloud.start();
});
afterAll(() => cloud.stop());
beforeEach(() => {
  cloud.sfn.answers.length = 0;
  cloud.lines.length = 0;
});

/** Stands for a full disk: the file that an object streams into takes no more. */
const full = (): { Body: Readable } => {
  const error = Object.assign(new Error('write'), { code: 'ENOSPC', syscall: 'write' });
  return { Body: Readable.from(failing(error)) };
};

function* failing(error: Error): Generator<Buffer> {
  yield Buffer.from('x');
  throw error;
}

const keyOf = (input: unknown): string => String((input as { Key?: string }).Key);

describe('a full disk', () => {
  it('that another object fills costs no delivery: the object is tried again alone', async () => {
    const batch = await cloud.openBatch([{ text: 'SLOW' }, { text: '1\n2\n' }]);
    const [slow = '', small = ''] = batch.objectIds;
    const { deps, wire } = cloud.deps();
    const story: string[] = [];
    wire.onCall = async (name, input, next) => {
      if (name === 'PutObject' && keyOf(input).endsWith(slow)) story.push('slow ends');
      if (name !== 'GetObject' || !keyOf(input).endsWith(small)) return next();
      story.push('small begins');
      return story.length === 1 ? full() : next();
    };

    await createWorker(deps).run(processCommand(batch), never);

    const objects = await cloud.objects(batch);
    expect(objects.map((object) => [object?.state, object?.attempts])).toEqual([
      ['DONE', 1],
      ['DONE', 1],
    ]);
    expect(story).toEqual(['small begins', 'slow ends', 'small begins']);
    expect(cloud.lines.join('')).toContain('"scratch full"');
    expect(await readdir(cloud.root)).toEqual(['pipelines']);
  });

  it('that one object alone fills ends that object only, with a word for it', async () => {
    const batch = await cloud.openBatch([{ text: '1\n' }, { text: '1\n2\n' }], {
      mostDeliveries: 2,
    });
    const { deps, wire } = cloud.deps();
    wire.onCall = async (name, input, next) =>
      name === 'GetObject' && keyOf(input).endsWith(batch.objectIds[0] ?? '') ? full() : next();

    await createWorker(deps).run(processCommand(batch), never);

    const [large, small] = await cloud.objects(batch);
    expect(large).toMatchObject({
      state: 'FAILED',
      reason: 'RETRIES_EXHAUSTED',
      pipelineReason: 'SCRATCH_FULL',
    });
    expect(small).toMatchObject({ state: 'DONE', attempts: 1 });
  });
});

describe('a disk that takes nothing', () => {
  it('ends the worker, which gives its objects back, in place of failing one after the other', async () => {
    const batch = await cloud.openBatch(Array(8).fill({ text: '1\n' }));
    const { deps, wire } = cloud.deps();
    wire.onCall = async (name, input, next) => {
      const answer = await next();
      if (name === 'GetObject' && !keyOf(input).endsWith('manifest')) {
        // Stands for a volume that is gone: nothing below the run's directory can be written.
        for (const run of await readdir(cloud.root)) {
          if (run.startsWith('run-')) await rm(join(cloud.root, run), { recursive: true });
        }
      }
      return answer;
    };

    await createWorker(deps).run(processCommand(batch), never);

    expect(cloud.sfn.answers.at(-1)).toMatchObject({ error: 'WorkerBrokenError' });
    const objects = await cloud.objects(batch);
    expect(objects.filter((object) => object?.state === 'FAILED')).toEqual([]);
    expect(await cloud.left(batch.queueUrl)).toBe(8);

    await createWorker(cloud.deps().deps).run(processCommand(batch), never);

    const ended = await cloud.objects(batch);
    expect(ended.map((object) => object?.state)).toEqual(Array(8).fill('DONE'));
  });

  it('is told by its code and nothing else', async () => {
    await expect(proveScratch(join(cloud.root, 'JaneCanary'))).rejects.toMatchObject({
      code: 'WorkerBrokenError',
      message: 'the scratch volume cannot be used: ENOENT',
    });
  });
});
