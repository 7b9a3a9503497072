import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorker } from '../../worker/create-worker.ts';
import { FakeCloud, processCommand } from './fake-cloud.ts';

const never = new AbortController().signal;
let cloud: FakeCloud;

beforeAll(async () => {
  cloud = await FakeCloud.start();
});
beforeEach(() => {
  cloud.lines.length = 0;
});
afterAll(() => cloud.stop());

describe('a message', () => {
  it('that SQS delivers to two workers at once is worked on by one of them', async () => {
    const batch = await cloud.openBatch([{ text: 'SLOW\n' }]);
    const { promise: received, resolve } = Promise.withResolvers<unknown>();
    const first = cloud.deps();
    first.wire.onCall = async (name, _, next) => {
      const answer = await next();
      const hasMessage = name === 'ReceiveMessage' && JSON.stringify(answer).includes('Receipt');
      if (hasMessage) resolve(answer);
      return answer;
    };
    const second = cloud.deps();
    let isTold = false;
    second.wire.onCall = async (name, _, next) => {
      if (name !== 'ReceiveMessage' || isTold) return next();
      isTold = true;
      return received;
    };
    cloud.s3.puts.length = 0;

    await Promise.all(
      [first, second].map(({ deps }, index) =>
        createWorker(deps).run(
          processCommand(batch, { instanceId: `i-0123456789abcdef${index}` }),
          never,
        ),
      ),
    );

    const [object] = await cloud.objects(batch);
    expect(isTold).toBe(true);
    expect(object).toMatchObject({ state: 'DONE', attempts: 1 });
    expect(object?.claim?.instanceId).toBe('i-0123456789abcdef0');
    expect(cloud.s3.puts).toHaveLength(1);
    expect(await cloud.left(batch.queueUrl)).toBe(0);
  });

  it('that comes again when its object is done is deleted, and the object is not read', async () => {
    const batch = await cloud.openBatch([{ text: '1\n' }]);
    await createWorker(cloud.deps().deps).run(processCommand(batch), never);
    const before = await cloud.objects(batch);
    const [objectId = ''] = batch.objectIds;
    await cloud.send(batch.queueUrl, { version: 1, batchId: batch.batchId, objectId });
    const { deps, wire } = cloud.deps();
    const read: unknown[] = [];
    wire.onCall = (name, input, next) => {
      if (name === 'GetObject') read.push(input);
      return next();
    };

    const exit = await createWorker(deps).run(
      processCommand(batch, { instanceId: 'i-0123456789abcdef1' }),
      never,
    );

    expect(exit).toBe(0);
    expect(JSON.stringify(read)).toContain('/manifest');
    expect(JSON.stringify(read)).not.toContain(objectId);
    expect(await cloud.objects(batch)).toEqual(before);
    expect(await cloud.left(batch.queueUrl)).toBe(0);
  });
});

describe('a queue that is deleted under its worker', () => {
  it.each([
    ['while an object’s result is stored', 'PutObject'],
    ['before the message of an object that is done is deleted', 'DeleteMessage'],
  ])('%s ends the worker, and the object is done once', async (_, at) => {
    const batch = await cloud.openBatch([{ text: '1\n' }]);
    // One place: nothing is received while it is taken.
    const { deps, wire } = cloud.deps({ machine: { cores: 1, memoryMiB: 8192 } });
    wire.onCall = async (name, _input, next) => {
      if (name === at) await cloud.sqs.send(new DeleteQueueCommand({ QueueUrl: batch.queueUrl }));
      return next();
    };
    cloud.s3.puts.length = 0;

    const exit = await createWorker(deps).run(processCommand(batch), never);

    expect(exit).toBe(1);
    expect(cloud.sfn.answers.at(-1)).toMatchObject({
      error: 'WorkerBrokenError',
      cause: 'unforeseen: QueueDoesNotExist',
    });
    expect(await cloud.objects(batch)).toMatchObject([{ state: 'DONE', attempts: 1 }]);
    expect(cloud.s3.puts).toHaveLength(1);
  });
});
