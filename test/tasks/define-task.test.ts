import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineTask } from '../../tasks/define-task.ts';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import { awsError } from './aws-error.ts';

const context = { awsRequestId: 'request-7' } as Context;
const canary = 'CANARY-Jane-Doe-1970-01-01';

let lines: string[];

beforeEach(() => {
  lines = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      lines.push(args.map(String).join(' '));
    });
  }
});
afterEach(() => vi.restoreAllMocks());

const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

const task = (run: (input: { batchId: string }) => Promise<{ objects: number; note: string }>) =>
  defineTask({
    input: z.strictObject({ batchId: z.string().max(20), comment: z.string().optional() }),
    output: z.strictObject({ objects: z.number(), note: z.string() }),
    logKeys: ['batchId', 'objects'],
    run,
  });

describe('a task', () => {
  it('answers what its work answers', async () => {
    const handler = task(() => Promise.resolve({ objects: 3, note: 'x' }));

    expect(await handler({ batchId: 'b' }, context)).toEqual({ objects: 3, note: 'x' });
  });

  it('logs the allowed fields of input and output, and no others', async () => {
    const handler = task(() => Promise.resolve({ objects: 3, note: canary }));

    await handler({ batchId: 'b', comment: canary }, context);

    expect(logged()).toEqual([
      expect.objectContaining({ message: 'Task started', batchId: 'b', requestId: 'request-7' }),
      expect.objectContaining({ message: 'Task done', batchId: 'b', objects: 3 }),
    ]);
    expect(lines.join()).not.toContain('CANARY');
  });

  it.each([
    [
      'a value of another type',
      { batchId: 7 },
      'input has another form than agreed: batchId invalid_type',
    ],
    ['a value that is too long', { batchId: `${canary} ${canary}` }, 'batchId too_big'],
    ['an unknown field', { batchId: 'b', [canary]: 1 }, 'input unrecognized_keys'],
    ['no object at all', canary, 'input invalid_type'],
  ])('refuses %s and names the field only', async (_, event, message) => {
    const handler = task(() => Promise.resolve({ objects: 3, note: 'x' }));

    const failure = await handler(event, context).catch((error: unknown) => error as Error);

    expect(failure).toMatchObject({ name: 'ContractError' });
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message + lines.join()).not.toContain('CANARY');
  });

  it('refuses an output of another form, and what the work could not parse', async () => {
    const wrongOutput = task(() =>
      Promise.resolve({ objects: canary as unknown as number, note: '' }),
    );
    const wrongData = task(() =>
      Promise.resolve(z.object({ a: z.number() }).parse({ a: canary }) as never),
    );

    await expect(wrongOutput({ batchId: 'b' }, context)).rejects.toThrow(
      'output has another form than agreed: objects invalid_type',
    );
    await expect(wrongData({ batchId: 'b' }, context)).rejects.toThrow(
      'data has another form than agreed: a invalid_type',
    );
    expect(lines.join()).not.toContain('CANARY');
  });

  it('lets an error of ours pass, and tells its message', async () => {
    const handler = task(() => Promise.reject(new WorkerLostError('worker i-1 is gone')));

    await expect(handler({ batchId: 'b' }, context)).rejects.toMatchObject({
      name: 'WorkerLostError',
    });
    expect(logged().at(-1)).toMatchObject({
      level: 'ERROR',
      message: 'Task failed',
      errorName: 'WorkerLostError',
      errorMessage: 'worker i-1 is gone',
      batchId: 'b',
    });
  });

  it('translates what AWS throws, and tells of other errors the name only', async () => {
    const throttled = task(() => Promise.reject(awsError('ThrottlingException')));
    const defect = task(() => Promise.reject(new TypeError(canary)));

    await expect(throttled({ batchId: 'b' }, context)).rejects.toMatchObject({
      name: 'AwsUnavailableError',
    });
    await expect(defect({ batchId: 'b' }, context)).rejects.toMatchObject({ name: 'TypeError' });
    expect(logged().at(-1)).toMatchObject({ message: 'Task failed', errorName: 'TypeError' });
    expect(lines.join()).not.toContain('CANARY');
  });

  it('would be caught if it logged its event', async () => {
    const handler = defineTask({
      input: z.strictObject({ batchId: z.string() }),
      output: z.strictObject({}),
      logKeys: ['batchId'],
      run: (input) => {
        console.info(JSON.stringify(input));
        return Promise.resolve({});
      },
    });

    await handler({ batchId: canary }, context);

    expect(lines.join()).toContain('CANARY');
  });
});
