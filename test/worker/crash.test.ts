import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorker } from '../../worker/create-worker.ts';
import { objectResultKey } from '../../workflow/model/keys.ts';
import {
  consolidateCommand,
  FakeCloud,
  processCommand,
  sha256,
  type TestBatch,
} from './fake-cloud.ts';
import { cutAt } from './wire.ts';

const study = 'czarhipaa';
const never = new AbortController().signal;
let cloud: FakeCloud;

beforeAll(async () => {
  cloud = await FakeCloud.start();
});
const buried: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const bury of buried) await bury();
  await cloud.stop();
});

/** Runs a command on a worker whose machine loses its power at a call. */
async function crash(
  command: Parameters<ReturnType<typeof createWorker>['run']>[0],
  ...at: Parameters<typeof cutAt>
): Promise<void> {
  const { deps, wire } = cloud.deps();
  const cut = cutAt(...at);
  wire.onCall = cut.onCall;
  const run = createWorker(deps).run(command, never);
  buried.push(async () => {
    cut.bury();
    await run;
  });
  await cut.happened;
}

async function expectDoneOnce(batch: TestBatch): Promise<void> {
  const [object] = await cloud.objects(batch);
  const key = objectResultKey({ study, ...batch }, batch.objectIds[0]!);
  expect(object).toMatchObject({
    state: 'DONE',
    result: { key, sha256: sha256(cloud.s3.bytes(key)), sizeBytes: cloud.s3.bytes(key).length },
  });
  expect((await cloud.result(batch, key)).toString()).toContain('"lines":2');
  expect(
    cloud.s3.keys().filter((stored) => stored.startsWith(`out/v1/${study}/${batch.batchId}`)),
  ).toEqual([key]);
  expect(await cloud.left(batch.queueUrl)).toBe(0);
  expect(await cloud.left(`${batch.queueUrl}-dead`)).toBe(0);
}

describe('a worker that is lost', () => {
  it.concurrent.each<[string, ...Parameters<typeof cutAt>]>([
    ['before it receives', 'ReceiveMessage', 'before'],
    ['with the message received', 'ReceiveMessage', 'after'],
    ['before the claim', 'UpdateItem', 'before'],
    ['after the claim', 'UpdateItem', 'after'],
    ['before the GET', 'GetObject', 'before', 2],
    ['after the GET', 'GetObject', 'after', 2],
    ['before it has a key', 'GenerateDataKey', 'before'],
    ['before the PUT', 'PutObject', 'before'],
    ['after the PUT', 'PutObject', 'after'],
    ['before the ledger is written', 'UpdateItem', 'before', 2],
    ['after the ledger is written', 'UpdateItem', 'after', 2],
    ['before the message is deleted', 'DeleteMessage', 'before'],
    ['after the message is deleted', 'DeleteMessage', 'after'],
  ])(
    '%s leaves the object to another, which ends it in the same bytes once',
    async (_what, ...at) => {
      const batch = await cloud.openBatch([{ text: '1\n2\n' }], { visibilitySeconds: 1 });
      await crash(processCommand(batch), ...at);

      const exit = await createWorker(cloud.deps().deps).run(processCommand(batch), never);

      expect(exit).toBe(0);
      await expectDoneOnce(batch);
    },
  );

  it('only seems so, and wakes up: its late result changes nothing', async () => {
    const batch = await cloud.openBatch([{ text: '1\n2\n' }], { visibilitySeconds: 1 });
    // One place, which is taken: it does not receive its own message again.
    const slow = cloud.deps({ machine: { cores: 1, memoryMiB: 8192 } });
    const { promise: awake, resolve: wake } = Promise.withResolvers<undefined>();
    const { promise: asleep, resolve: sleep } = Promise.withResolvers<undefined>();
    slow.wire.onCall = async (name, _input, next) => {
      if (name === 'PutObject') {
        sleep(undefined);
        await awake;
      }
      // Nor does it get its message extended.
      return name === 'ChangeMessageVisibility' ? undefined : next();
    };
    const late = createWorker(slow.deps).run(processCommand(batch), never);
    await asleep;

    await createWorker(cloud.deps().deps).run(processCommand(batch), never);
    const [before] = await cloud.objects(batch);
    wake(undefined);
    await late;

    expect((await cloud.objects(batch))[0]).toEqual(before);
    await expectDoneOnce(batch);
  });

  it('in a consolidation leaves it to another, and the result stored first stands', async () => {
    const batch = await cloud.openBatch([{ text: '1\n2\n' }]);
    await createWorker(cloud.deps().deps).run(processCommand(batch), never);
    await crash(consolidateCommand(batch), 'PutObject', 'after');
    const results = (): string[] =>
      cloud.s3.keys().filter((each) => each.includes(`${batch.batchId}/results/`));
    const [key] = results();
    const stored = cloud.s3.bytes(key!);

    await createWorker(cloud.deps().deps).run(consolidateCommand(batch), never);

    expect(
      cloud.sfn.answers.find(({ output }) => (output as { resultKey?: string }).resultKey === key),
    ).toMatchObject({
      output: { resultSha256: sha256(stored), resultBytes: stored.length, done: 1 },
    });
    expect(results()).toEqual([key]);
    expect(cloud.s3.bytes(key!).equals(stored)).toBe(true);
  });
});
