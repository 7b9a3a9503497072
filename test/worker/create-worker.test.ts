import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agentExit } from '../../runtime/agent-answer.ts';
import { createWorker } from '../../worker/create-worker.ts';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import { FakeCloud, processCommand, type TestBatch } from './fake-cloud.ts';
import { processesIn, until } from './processes.ts';

const never = new AbortController().signal;
let cloud: FakeCloud;

beforeAll(async () => {
  cloud = await FakeCloud.start();
});
afterAll(() => cloud.stop());
beforeEach(() => {
  cloud.sfn.answers.length = 0;
  cloud.sfn.heartbeats.length = 0;
  cloud.sfn.isGone = false;
  cloud.sfn.failure = undefined;
});

const runs = async () => (await readdir(cloud.root)).filter((name) => name.startsWith('run-'));

async function hanging(): Promise<TestBatch> {
  return cloud.openBatch([{ text: 'HANG' }], { visibilitySeconds: 30 });
}

async function expectNothingLeft(batch: TestBatch): Promise<void> {
  expect(await processesIn(cloud.root)).toEqual([]);
  expect(await runs()).toEqual([]);
  const { Messages } = await receive(batch);
  expect(Messages).toHaveLength(1);
}

async function receive({ queueUrl }: TestBatch) {
  const { ReceiveMessageCommand } = await import('@aws-sdk/client-sqs');
  return cloud.sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
}

describe('a worker that is told to stop', () => {
  it('kills the pipeline, wipes, gives the message back and answers WorkerLostError', async () => {
    const batch = await hanging();
    const stop = new AbortController();
    const ended = createWorker(cloud.deps().deps).run(processCommand(batch), stop.signal);
    await until(async () => (await processesIn(cloud.root)).length > 0);

    stop.abort(new WorkerLostError('the worker was told to stop'));

    expect(await ended).toBe(agentExit.failed);
    expect(cloud.sfn.answers).toEqual([
      { token: 'task-token', error: 'WorkerLostError', cause: 'the worker was told to stop' },
    ]);
    await expectNothingLeft(batch);
  });

  it('by the end of the time that it was given does the same', async () => {
    const batch = await hanging();
    const command = processCommand(batch, { maxSeconds: 1 });

    await createWorker(cloud.deps().deps).run(command, never);

    expect(cloud.sfn.answers).toMatchObject([{ error: 'WorkerLostError' }]);
    await expectNothingLeft(batch);
  });

  it('before it has begun begins nothing', async () => {
    const batch = await hanging();
    const stop = AbortSignal.abort(new WorkerLostError('the worker was told to stop'));

    await createWorker(cloud.deps().deps).run(processCommand(batch), stop);

    expect(cloud.sfn.answers).toMatchObject([{ error: 'WorkerLostError' }]);
    await expectNothingLeft(batch);
  });
});

describe('heartbeats', () => {
  it('go out while the worker works, and stop at its end', async () => {
    const batch = await cloud.openBatch([{ text: '1\n' }]);

    await createWorker(cloud.deps().deps).run(processCommand(batch), never);
    const sent = cloud.sfn.heartbeats.length;
    await new Promise((resolve) => setTimeout(resolve, 60));

    expect(sent).toBeGreaterThan(0);
    expect(cloud.sfn.heartbeats).toHaveLength(sent);
  });

  it('that nobody waits for stop everything at once, and nobody is answered', async () => {
    const batch = await hanging();
    const ended = createWorker(cloud.deps().deps).run(processCommand(batch), never);
    await until(async () => (await processesIn(cloud.root)).length > 0);

    cloud.sfn.isGone = true;

    expect(await ended).toBe(agentExit.gone);
    expect(cloud.sfn.answers).toEqual([]);
    await expectNothingLeft(batch);
  });

  it('that fail in passing are sent again', async () => {
    const batch = await hanging();
    const stop = new AbortController();
    const ended = createWorker(cloud.deps().deps).run(processCommand(batch), stop.signal);
    cloud.sfn.failure = new Error('network');
    await new Promise((resolve) => setTimeout(resolve, 60));

    cloud.sfn.failure = undefined;
    await until(() => cloud.sfn.heartbeats.length > 0);

    stop.abort(new WorkerLostError('the worker was told to stop'));
    expect(await ended).toBe(agentExit.failed);
  });
});

describe('the end of a command', () => {
  it('is told apart where the task cannot be reached', async () => {
    const batch = await cloud.openBatch([]);
    cloud.sfn.failure = new Error('network');

    const exit = await createWorker(cloud.deps().deps).run(processCommand(batch), never);

    expect(exit).toBe(agentExit.untold);
  });

  it('answers an unforeseen error by its name and never by its message', async () => {
    const batch = await cloud.openBatch([]);
    const { deps, wire } = cloud.deps();
    wire.onCall = (name, _input, next) =>
      name === 'GetQueueAttributes' ? Promise.reject(new RangeError('JaneCanary')) : next();

    await createWorker(deps).run(processCommand(batch), never);

    expect(cloud.sfn.answers).toMatchObject([
      { error: 'WorkerBrokenError', cause: 'unforeseen: RangeError' },
    ]);
    expect(JSON.stringify(cloud.lines)).not.toContain('JaneCanary');
  });
});

describe('scratch', () => {
  it('of a worker that was killed is wiped by the next; of one that runs it is left', async () => {
    const dead = join(cloud.root, 'run-4194305-00000000');
    const alive = join(cloud.root, `run-${process.ppid}-00000000`);
    for (const directory of [dead, alive]) {
      await mkdir(directory);
      await writeFile(join(directory, 'object'), 'plaintext');
    }
    const batch = await cloud.openBatch([]);

    await createWorker(cloud.deps().deps).run(processCommand(batch), never);

    expect(await runs()).toEqual([`run-${process.ppid}-00000000`]);
  });
});
