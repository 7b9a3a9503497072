import { S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  SendMessageBatchCommand,
  type SendMessageBatchCommandInput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  closeBatch,
  getBatch,
  noteBatch,
  recordBatchResult,
  sealBatch,
} from '../../ledger/batches.ts';
import {
  claimObject,
  completeObject,
  failObject,
  getObject,
  listObjects,
  registerObject,
} from '../../ledger/objects.ts';
import { openBatch, secondsToEnter } from '../../tasks/open-batch/open-batch.ts';
import { queueName } from '../../workflow/model/names.ts';
import { batchId, executionArn, objectId } from '../ledger/codes.ts';
import { startLedger, type TestLedger } from '../ledger/ledger-table.ts';
import { entry, listingOf, putListing, s3 } from './listing-bucket.ts';
import { monday } from './runs.ts';

const sqs = mockClient(SQSClient);
const queueUrl = 'http://127.0.0.1:9/111122223333/queue';
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
let table: TestLedger;
let next = 0;
let now = monday;

beforeAll(async () => {
  table = await startLedger();
});
afterAll(() => table.stop());
beforeEach(() => {
  s3.reset();
  sqs.reset();
  sqs.on(CreateQueueCommand).resolves({ QueueUrl: queueUrl });
  sqs.on(SendMessageBatchCommand).resolves({});
  now = monday;
});

/** A sealed batch with objects of these numbers, of which the ledger has heard by their events. */
async function sealedBatch(listed: number[], arrived = listed): Promise<string> {
  const id = batchId((next += 1));
  for (const number of arrived) {
    const place = { batchId: id, objectId: objectId(number) };
    await registerObject(table, { ...place, sizeBytes: 100 + number }, monday);
  }
  await noteBatch(table, id, monday);
  await sealBatch(table, id, monday);
  putListing(listingOf(id, listed));
  return id;
}

const open = (id: string, execution = 1, retry = false, redrive = 0) =>
  openBatch(
    {
      batchId: id,
      executionArn: executionArn(execution),
      redrive,
      pipeline: 'vitals-summary',
      retry,
    },
    {
      s3: new S3Client({}),
      sqs: new SQSClient({}),
      table,
      study: 'czarhipaa',
      bucket: 'ancillary',
      deadLetterQueueArn: 'arn:aws:sqs:us-east-1:111122223333:dead-letters',
      storageKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/storage',
      now: () => now,
    },
  );

const stored = { key: 'out', sizeBytes: 1, sha256: 'b'.repeat(64) };

/**
 * A batch whose first run failed: its first object waits, the others are claimed, done, failed for
 * good, failed for now, and not listed.
 */
async function failedBatch({ isResultStored = false } = {}): Promise<string> {
  const id = await sealedBatch(numbers(5), numbers(6));
  await open(id);
  for (const number of [2, 3, 4, 5]) {
    const place = { batchId: id, objectId: objectId(number) };
    const holder = { instanceId: 'i-0123456789abcdef0', messageId: `m${number}`, receiveCount: 1 };
    await claimObject(table, place, {
      ...holder,
      claimId: `c${number}`,
      executionArn: executionArn(1),
      redrive: 0,
    });
    if (number === 3) await completeObject(table, place, 'c3', stored, monday);
    if (number === 4) await failObject(table, place, 'c4', { reason: 'CORRUPT' }, monday);
    if (number === 5) await failObject(table, place, 'c5', { reason: 'PIPELINE_REJECTED' }, monday);
  }
  const run = { batchId: id, executionArn: executionArn(1), redrive: 0 };
  if (isResultStored) await recordBatchResult(table, run, stored);
  await closeBatch(table, run, { state: 'FAILED', reason: 'WorkerLostError' }, monday);
  sqs.resetHistory();
  return id;
}

const statesOf = (id: string): Promise<string[]> =>
  Array.fromAsync(listObjects(table, id), ({ state, reason }) => reason ?? state);

/** Ids of all messages sent, in the order of their ids. */
const sent = (): string[] =>
  sqs
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) => input.Entries ?? [])
    .map(({ MessageBody }) => (JSON.parse(MessageBody ?? '') as { objectId: string }).objectId)
    .sort();

describe('Open Batch', () => {
  it('makes the batch this execution’s, enters its objects and enqueues each once', async () => {
    const id = await sealedBatch(numbers(25));

    const opened = await open(id);

    expect(opened).toEqual({ objects: 25, queueUrl, notListed: 0 });
    expect(await getBatch(table, id)).toMatchObject({
      state: 'OPEN',
      executionArn: executionArn(1),
      pipeline: 'vitals-summary',
      objects: 25,
    });
    expect(sent()).toEqual(numbers(25).map(objectId));
    expect(sqs).toHaveReceivedCommandTimes(SendMessageBatchCommand, 3);
    expect(await getObject(table, { batchId: id, objectId: objectId(7) })).toMatchObject({
      state: 'REGISTERED',
      sha256: entry(7).sha256,
    });
  });

  it('creates an encrypted queue with the dead-letter queue behind it and the run’s tags', async () => {
    const id = await sealedBatch([1]);

    await open(id);

    const {
      QueueName,
      Attributes = {},
      tags,
    } = sqs.commandCalls(CreateQueueCommand)[0]!.args[0].input;
    expect(QueueName).toMatch(new RegExp(`^czarhipaa-batch-${id}-[0-9a-f]{12}$`));
    expect(Attributes).toMatchObject({
      KmsMasterKeyId: 'arn:aws:kms:us-east-1:111122223333:key/storage',
      VisibilityTimeout: '60',
      MessageRetentionPeriod: '1209600',
    });
    expect(JSON.parse(Attributes.RedrivePolicy!)).toEqual({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:111122223333:dead-letters',
      maxReceiveCount: 4,
    });
    expect(JSON.parse(Attributes.Policy!)).toMatchObject({
      Statement: [{ Effect: 'Deny', Resource: `arn:aws:sqs:us-east-1:111122223333:${QueueName!}` }],
    });
    expect(tags).toEqual({
      'czar:study': 'czarhipaa',
      'czar:batch': id,
      'czar:execution': 'run-1',
      'czar:redrive': '0',
    });
  });

  it('registers a listed object whose event has not come, and fails one that is not listed', async () => {
    const id = await sealedBatch([1, 2, 4], [2, 3, 4, 5]);

    const opened = await open(id);

    expect(opened).toMatchObject({ objects: 3, notListed: 2 });
    expect(sent()).toEqual([1, 2, 4].map(objectId));
    expect(await statesOf(id)).toEqual([
      'REGISTERED',
      'REGISTERED',
      'NOT_IN_MANIFEST',
      'REGISTERED',
      'NOT_IN_MANIFEST',
    ]);
  });

  it('ends in the same state when it is called again, and sends no message twice', async () => {
    const id = await sealedBatch(numbers(12), numbers(13));
    const first = await open(id);
    const before = await Array.fromAsync(listObjects(table, id));
    sqs.resetHistory();

    const second = await open(id);

    expect(second).toEqual(first);
    expect(await Array.fromAsync(listObjects(table, id))).toEqual(before);
    expect(sent()).toEqual([]);
  });

  it('goes on where a call ended that could not send', async () => {
    const id = await sealedBatch(numbers(30));
    sqs
      .on(SendMessageBatchCommand)
      .callsFakeOnce(() => ({}))
      .rejects(Object.assign(new Error('x'), { code: 'ECONNRESET' }));
    await expect(open(id)).rejects.toMatchObject({ code: 'ECONNRESET' });
    sqs.resetHistory();
    sqs.on(SendMessageBatchCommand).resolves({});

    await open(id);

    const entered = await Array.fromAsync(listObjects(table, id));
    expect(entered.filter(({ sha256 }) => sha256 !== undefined)).toHaveLength(30);
    expect(sent()).toEqual(numbers(30).map(objectId).slice(10));
  });

  it('stops before its time is over, says so, and goes on in the next call', async () => {
    const id = await sealedBatch(numbers(200));
    let groups = 0;
    sqs.on(SendMessageBatchCommand).callsFake(() => {
      if ((groups += 1) === 10) now = new Date(monday.getTime() + (secondsToEnter + 1) * 1000);
      return {};
    });
    await expect(open(id)).rejects.toMatchObject({ name: 'StillOpeningError' });
    const first = sent();
    sqs.resetHistory();

    await open(id);

    expect(first.length).toBeLessThan(200);
    expect([...first, ...sent()]).toEqual(numbers(200).map(objectId));
  });

  it('changes nothing of a batch that another execution has', async () => {
    const id = await sealedBatch([1]);
    await open(id, 1);
    sqs.resetHistory();

    await expect(open(id, 2)).rejects.toMatchObject({ name: 'BatchTakenError' });

    expect(sqs).not.toHaveReceivedAnyCommand();
    expect((await getBatch(table, id))?.executionArn).toBe(executionArn(1));
  });

  it('changes nothing when the listing is broken, be it in its last line', async () => {
    const id = await sealedBatch([1, 2, 3]);
    putListing([...listingOf(id, [1, 2, 3]).slice(0, 3), '{"objectId":"CANARY"}']);

    await expect(open(id)).rejects.toMatchObject({ name: 'ManifestMismatchError' });

    expect(sqs).not.toHaveReceivedAnyCommand();
    expect((await getBatch(table, id))?.state).toBe('SEALED');
    expect(
      (await getObject(table, { batchId: id, objectId: objectId(1) }))?.sha256,
    ).toBeUndefined();
  });

  it('sends again what SQS did not take of a call, and gives up after four tries', async () => {
    const id = await sealedBatch(numbers(3));
    const refuseSecond = (input: SendMessageBatchCommandInput) => ({
      Failed: input.Entries?.filter(({ Id }) => Id === objectId(2)).map(({ Id }) => ({
        Id,
        Code: 'InternalError',
        SenderFault: false,
      })),
    });
    sqs.on(SendMessageBatchCommand).callsFakeOnce(refuseSecond).resolves({});

    await open(id);

    expect(sent()).toEqual([1, 2, 2, 3].map(objectId));

    const other = await sealedBatch(numbers(3));
    sqs.on(SendMessageBatchCommand).callsFake(refuseSecond);
    await expect(open(other)).rejects.toMatchObject({
      name: 'AwsUnavailableError',
      message: 'SQS did not take 1 of 3 messages',
    });
  });

  it('leaves a batch that FAILED alone, unless it is told to retry', async () => {
    const id = await failedBatch();
    const before = await getBatch(table, id);

    await expect(open(id, 2)).rejects.toMatchObject({ name: 'BatchTakenError' });

    expect(await getBatch(table, id)).toEqual(before);
    expect(sqs).not.toHaveReceivedAnyCommand();
  });

  it('does not take a batch for a retry that never ran', async () => {
    const id = await sealedBatch([1]);

    await expect(open(id, 2, true)).rejects.toMatchObject({ name: 'BatchTakenError' });

    expect((await getBatch(table, id))?.state).toBe('SEALED');
  });

  it('enters into a retry what the first run left, and not what is done or stays failed', async () => {
    const id = await failedBatch();

    const opened = await open(id, 2, true);

    expect(opened).toEqual({ objects: 5, queueUrl, notListed: 1 });
    expect(sent()).toEqual([1, 2, 5].map(objectId));
    expect(await statesOf(id)).toEqual([
      'REGISTERED',
      'REGISTERED',
      'DONE',
      'CORRUPT',
      'REGISTERED',
      'NOT_IN_MANIFEST',
    ]);
    expect(await getBatch(table, id)).toMatchObject({ executionArn: executionArn(2), runs: 2 });
  });

  it('enters the same into a redrive of the execution that failed, with a queue of its own', async () => {
    const id = await failedBatch();

    await open(id, 1, false, 1);

    expect(sent()).toEqual([1, 2, 5].map(objectId));
    expect(await getBatch(table, id)).toMatchObject({
      executionArn: executionArn(1),
      redrive: 1,
      runs: 2,
    });
    const names = sqs
      .commandCalls(CreateQueueCommand)
      .map(({ args: [{ input }] }) => input.QueueName);
    expect(names).toEqual([
      queueName({ study: 'czarhipaa', batchId: id, executionArn: executionArn(1), redrive: 1 }),
    ]);
  });

  it('opens a sealed batch in a redrive of an execution that was stopped before it could', async () => {
    const id = await sealedBatch([1]);

    await open(id, 1, false, 1);

    expect(await getBatch(table, id)).toMatchObject({ state: 'OPEN', redrive: 1, runs: 1 });
  });

  it('is not opened by a redrive once another execution has it', async () => {
    const id = await failedBatch();
    await open(id, 2, true);

    await expect(open(id, 1, false, 1)).rejects.toMatchObject({ name: 'BatchTakenError' });
  });

  it('enters nothing twice when the call of a retry is repeated', async () => {
    const id = await failedBatch();
    const first = await open(id, 2, true);
    const before = await Array.fromAsync(listObjects(table, id));
    sqs.resetHistory();

    const second = await open(id, 2, true);

    expect(second).toEqual(first);
    expect(sent()).toEqual([]);
    expect(await Array.fromAsync(listObjects(table, id))).toEqual(before);
  });

  it('enters nothing into a retry of a batch whose result is stored', async () => {
    const id = await failedBatch({ isResultStored: true });
    const before = await Array.fromAsync(listObjects(table, id));

    const opened = await open(id, 2, true);

    expect(opened).toEqual({ objects: 5, queueUrl, notListed: 1 });
    expect(sent()).toEqual([]);
    expect(await Array.fromAsync(listObjects(table, id))).toEqual(before);
  });

  it('enters a call’s worth of objects at the pace that its comment says', () => {
    const writesPerSecond = 1000;

    expect(secondsToEnter * writesPerSecond).toBe(840_000);
    expect(Math.ceil(1_000_000 / 840_000)).toBe(2);
    expect(Math.ceil(10_000_000 / 840_000)).toBe(12);
  });
});
