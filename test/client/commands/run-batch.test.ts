import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { batchResultKey } from '../../../workflow/model/keys.ts';
import { batchId, clientSettings, place } from '../fake-aws/study.ts';
import { useLaptop } from '../laptop.ts';
import { encrypted, noteBatch, store, tarOf } from '../results/result-tar.ts';
import { czar, czarProcess, jsonLines, startCzar } from '../run-czar.ts';
import { asAnswer, twoWorkers } from '../watch/history.ts';

/** Digest of what a result was made of. */
const madeOf = 'ab12'.repeat(16);

const laptop = useLaptop();
const arn = 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa-batch:run-1';

/** Answers as an execution that has come to an end, or has not. */
function execution(status: string): void {
  const { answers } = laptop.aws.json;
  answers.StartExecution = () => ({ executionArn: arn, startDate: 1_767_323_040 });
  answers.DescribeExecution = () => ({
    executionArn: arn,
    status,
    input: JSON.stringify({ batchId, pipeline: 'vitals-summary' }),
    startDate: 1_767_323_040,
    ...(status !== 'RUNNING' && { stopDate: 1_767_323_100 }),
    ...(status === 'FAILED' && {
      error: 'BatchFailedError',
      cause: '{"errorMessage":"2 objects failed"}',
    }),
  });
  answers.GetExecutionHistory = () => ({ events: twoWorkers().reverse().map(asAnswer) });
}

const startInput = (): unknown => {
  const call = laptop.aws.json.calls.find(({ operation }) => operation === 'StartExecution');
  return JSON.parse(String(call?.input.input));
};

describe('czar start', () => {
  it('starts the execution with what was asked for and nothing else, and prints its ARN', async () => {
    execution('RUNNING');

    const { code, stdout } = await czar(
      'start',
      batchId,
      '--pipeline',
      'vitals-summary',
      '--workers',
      '5',
      '--tenancy',
      'default',
      '--max-minutes',
      '60',
      '--tolerate-failed-objects',
      '0',
      '--ticket',
      'ABC-123',
    );

    const call = laptop.aws.json.calls.find(({ operation }) => operation === 'StartExecution');
    expect([code, stdout]).toEqual([0, `${arn}\n`]);
    expect(call?.input.stateMachineArn).toBe(clientSettings.stateMachineArn);
    expect(call?.input.name).toMatch(/^bcdfghjkw-[bcdfghjkmnpqrstvwxz]{7}$/);
    expect(startInput()).toEqual({
      batchId,
      pipeline: 'vitals-summary',
      workers: 5,
      tenancy: 'default',
      maxMinutes: 60,
      tolerateFailedObjects: 0,
      ticket: 'ABC-123',
    });
  });

  it('leaves to the deployment what was not asked for', async () => {
    execution('RUNNING');

    const { stdout } = await czar('start', batchId, '--pipeline', 'vitals-summary', '--json');

    expect(jsonLines(stdout)).toEqual([{ executionArn: arn, batchId }]);
    expect(startInput()).toEqual({ batchId, pipeline: 'vitals-summary' });
  });

  it('follows it to its end where it is told to', async () => {
    execution('FAILED');

    const { code, stdout, stderr } = await czarProcess(
      'start',
      batchId,
      '--pipeline',
      'vitals-summary',
      '--watch',
    );

    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      arn,
      'FAILED after 00:01:00 and 7 transitions: BatchFailedError, 2 objects failed',
      '',
    ]);
    expect(jsonLines(stderr).map(({ event }) => event)).toContain('state-entered');
  });
});

describe('czar retry', () => {
  it('starts a batch that FAILED anew, says that it is a retry, and takes its pipeline', async () => {
    execution('RUNNING');
    noteBatch(laptop, { state: 'FAILED', pipeline: 'vitals-summary', executionArn: arn });

    const { code, stdout } = await czar(
      'retry',
      batchId,
      '--workers',
      '1',
      '--tolerate-failed-objects',
      '2',
    );

    expect([code, stdout]).toEqual([0, `${arn}\n`]);
    expect(startInput()).toEqual({
      batchId,
      pipeline: 'vitals-summary',
      workers: 1,
      tolerateFailedObjects: 2,
      retry: true,
    });
  });

  it('follows it to its end where it is told to', async () => {
    execution('SUCCEEDED');
    noteBatch(laptop, { state: 'FAILED', pipeline: 'vitals-summary', executionArn: arn });

    const { code, stdout } = await czar('retry', batchId, '--watch');

    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([arn, 'SUCCEEDED after 00:01:00 and 7 transitions', '']);
  });

  it.each([
    [undefined, 'there is no such batch'],
    ['UPLOADING', 'the batch is not sealed: its upload has not ended'],
    ['SEALED', 'the batch has not run yet: czar start runs it'],
    ['OPEN', 'the batch is running: czar watch follows it'],
    ['SUCCEEDED', 'the batch has SUCCEEDED: there is nothing to retry'],
  ])('starts nothing where the ledger says %s', async (state, message) => {
    if (state !== undefined) noteBatch(laptop, { state, pipeline: 'vitals-summary' });

    const { code, stdout } = await czar('retry', batchId, '--json');

    expect(code).toBe(65);
    expect(jsonLines(stdout)[0]).toMatchObject({ error: 'badInput', message });
    expect(laptop.aws.json.calls.map(({ operation }) => operation)).not.toContain('StartExecution');
  });
});

describe('czar watch', () => {
  it.each([
    ['SUCCEEDED', 0],
    ['FAILED', 1],
    ['ABORTED', 1],
    ['TIMED_OUT', 1],
  ])('of an execution that %s ends with %i', async (status, exitCode) => {
    execution(status);

    const { code, stdout } = await czar('watch', arn, '--json');

    expect(code).toBe(exitCode);
    expect(jsonLines(stdout)).toMatchObject([{ status, executionArn: arn, batchId, seconds: 60 }]);
  });

  it('finds the execution of a batch, which may open it a moment later', async () => {
    execution('SUCCEEDED');
    noteBatch(laptop, { state: 'SEALED' });
    const { ended } = startCzar(['watch', batchId, '--json']);
    await vi.waitUntil(
      () => laptop.aws.json.calls.some(({ operation }) => operation === 'GetItem'),
      {
        timeout: 20_000,
      },
    );
    Object.assign(laptop.aws.json.items[0]!, { state: 'OPEN', executionArn: arn, objects: 0 });

    const { code, stderr } = await ended;

    expect(code).toBe(0);
    expect(jsonLines(stderr)[0]).toEqual({ event: 'waiting', batchId });
  });

  it('says that a batch was never started, or is none', async () => {
    const unknown = await czar('watch', batchId, '--json');
    noteBatch(laptop, { state: 'UPLOADING' });
    const uploading = await czar('watch', batchId, '--json');

    expect([unknown.code, uploading.code]).toEqual([65, 65]);
    expect(jsonLines(unknown.stdout)[0]?.message).toBe('there is no such batch');
    expect(jsonLines(uploading.stdout)[0]?.message).toBe('no execution has opened this batch');
  });

  it('ends the watching only at Ctrl-C, and says so', async () => {
    execution('RUNNING');
    const { child, ended } = startCzar(['watch', arn, '--json']);
    await vi.waitUntil(
      () => laptop.aws.json.calls.some(({ operation }) => operation === 'GetExecutionHistory'),
      { timeout: 20_000 },
    );

    child.kill('SIGINT');
    const { code, stdout } = await ended;

    expect(code).toBe(130);
    expect(jsonLines(stdout)[0]?.message).toContain('the execution goes on');
    expect(laptop.aws.json.calls.some(({ operation }) => operation === 'StopExecution')).toBe(
      false,
    );
  });
});

describe('czar status', () => {
  const object = (objectId: string, fields: Record<string, unknown>) => ({
    batchId,
    item: `OBJECT#${objectId}`,
    registeredAt: '2026-01-02T03:04:05.000Z',
    sizeBytes: 1,
    ...fields,
  });

  it('tells the state of a batch, its objects, and why some failed', async () => {
    noteBatch(laptop, { state: 'FAILED', reason: 'TooManyFailedObjectsError', executionArn: arn });
    laptop.aws.json.items.push(
      object('pgjtpcggkqndjphcbhqhr', {
        state: 'FAILED',
        reason: 'PIPELINE_REJECTED',
        pipelineReason: 'BAD_HEADER',
      }),
      object('qvrgvvtfhwtmmpbnrtdqr', { state: 'DONE' }),
      object('xjhxbkqnvdwnxccmmmvcq', { state: 'FAILED', reason: 'TRUNCATED' }),
    );

    const { code, stdout } = await czar('status', batchId);
    const json = await czar('status', batchId, '--json');

    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'batch bcdfghjkw: FAILED (TooManyFailedObjectsError)',
      `execution: ${arn}`,
      'objects: 1 done, 2 failed, 0 in work, 0 waiting',
      '  pgjtpcggkqndjphcbhqhr  PIPELINE_REJECTED BAD_HEADER',
      '  xjhxbkqnvdwnxccmmmvcq  TRUNCATED',
      '',
    ]);
    expect(jsonLines(json.stdout)[0]).toMatchObject({
      batchId,
      state: 'FAILED',
      counts: { DONE: 1, FAILED: 2, CLAIMED: 0, REGISTERED: 0 },
      failures: [{ reason: 'PIPELINE_REJECTED' }, { reason: 'TRUNCATED' }],
    });
  });

  it('lists all batches, or says that there are none', async () => {
    const none = await czar('status');
    noteBatch(laptop, { state: 'SEALED' });
    const one = await czar('status');

    expect(none.stdout).toBe('no batches\n');
    expect(one.stdout).toBe('bcdfghjkw  SEALED     2026-01-02T03:04:05.000Z  - objects\n');
  });

  it('says that there is no such batch, and where the role may not read', async () => {
    const unknown = await czar('status', batchId, '--json');
    laptop.aws.json.answers.GetItem = () => laptop.aws.json.run('DeleteTable', {});
    const denied = await czar('status', batchId, '--json');

    expect(unknown.code).toBe(65);
    expect(denied.code).toBe(77);
    expect(jsonLines(denied.stdout)[0]?.message).toBe(
      'AWS denied the call: this role may not do that (AccessDeniedException)',
    );
  });
});

describe('czar results get', () => {
  async function finished(): Promise<void> {
    const tar = await tarOf([{ name: 'summary.csv', content: 'mean\n36.6\n' }]);
    const result = store(laptop, batchResultKey(place, madeOf), await encrypted(laptop, tar));
    noteBatch(laptop, { state: 'SUCCEEDED', result });
  }

  it('unpacks the result to a folder called after the batch', async () => {
    await finished();

    const { code, stdout } = await startCzar(['results', 'get', batchId], { cwd: laptop.root })
      .ended;

    expect([code, stdout]).toEqual([0, '1 files in results-bcdfghjkw\n']);
    expect(readFileSync(join(laptop.root, 'results-bcdfghjkw/summary.csv'), 'utf8')).toContain(
      '36.6',
    );
  });

  it('does not repeat the name of a folder that was typed', async () => {
    await finished();
    const to = join(laptop.root, 'Zebulon');

    const first = await czar('results', 'get', batchId, '--to', to, '--json');
    const second = await czar('results', 'get', batchId, '--to', to, '--json');

    expect([first.code, second.code]).toEqual([0, 65]);
    expect(jsonLines(first.stdout)).toEqual([{ batchId, files: ['summary.csv'], objects: 0 }]);
    expect(jsonLines(second.stdout)[0]?.message).toContain('exists already');
    expect(Object.values({ ...first, ...second }).join()).not.toContain('Zebulon');
  });

  it('leaves no plaintext where a second Ctrl-C ends it at once', async () => {
    await finished();
    const to = join(laptop.root, 'out', 'results');
    laptop.aws.json.answers.Decrypt = () => new Promise(() => undefined);
    const { child, ended } = startCzar(['results', 'get', batchId, '--to', to]);
    await vi.waitUntil(
      () => laptop.aws.json.calls.some(({ operation }) => operation === 'Decrypt'),
      {
        timeout: 20_000,
      },
    );
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGINT');

    const { code } = await ended;

    expect(code).toBe(130);
    expect(existsSync(join(laptop.root, 'out', 'results'))).toBe(false);
    expect(readdirSync(join(laptop.root, 'out'))).toEqual([]);
  });
});

describe('czar synthesize-data', () => {
  it('writes the study into a new folder, and tells files and rows', async () => {
    const to = join(laptop.root, 'Zebulon');

    const { code, stdout } = await czar(
      'synthesize-data',
      'poc-a',
      '--to',
      to,
      '--split',
      '3',
      '--json',
    );
    const again = await czar('synthesize-data', 'poc-a', '--to', to, '--json');

    const [result] = jsonLines(stdout);
    expect(code).toBe(0);
    expect((result?.files as { name: string }[]).map(({ name }) => name)).toEqual([
      'patients.csv',
      'visits-01.csv',
      'visits-02.csv',
      'visits-03.csv',
      'patientParameters.csv',
    ]);
    expect(again.code).toBe(65);
    expect(stdout).not.toContain('Zebulon');
  });
});
