import { setTimeout as sleep } from 'node:timers/promises';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBatch, listBatches } from '../../ledger/batches.ts';
import { listObjects } from '../../ledger/objects.ts';
import { queryItems } from '../../ledger/table.ts';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import type { EventContent } from '../../local/services/events/bridge-event.ts';
import { inputKey, manifestKey } from '../../workflow/model/keys.ts';
import { type CraftedBatch, craftBatch, visitRows, visitsText } from './support/craft-batch.ts';
import { claims, freezeAtWork, type FrozenWorker, thaw } from './support/hurt-workers.ts';
import { altered, holdNotifications, type Notifications } from './support/notifications.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { openRunQueue, type RunQueue } from './support/run-queue.ts';
import { type BatchEnd, ended, start, until } from './support/run-batch.ts';
import { settled } from './support/settle.ts';
import { type RoleDeployment, startStudyCloud, type StudyCloud } from './support/study-cloud.ts';

const name = 'Zibblequat';
const text = (index: number) => visitsText(visitRows(index * 20, index * 20 + 20));
const stored = Array.from({ length: 8 }, (_, index) => ({ text: text(index) }));
/** The notification of this object comes when the batch is open, that of the next when it has ended. */
const whenOpen = 6;
const whenEnded = 7;
const deleted = 8;

let study: StudyCloud;
let operator: RoleDeployment;
let notifications: Notifications;
let batch: CraftedBatch;
let key: (index: number) => string;
/** Notifications of new objects that were delivered, all in all. */
let delivered = 0;
/** What the ledger had when the first events had come. */
let arrived: { readonly state: string | undefined; readonly objects: number };
/** A worker that hangs with objects in hand, and what it has in hand when all else is done. */
let hung: FrozenWorker;
let heldToTheEnd: readonly string[];
let end: BatchEnd;
/** The ledger after the end, before and after the last of the events. */
let ledgerAtEnd: readonly unknown[];
let ledgerAfterLate: readonly unknown[];

/**
 * One batch, whose events come as they may: the manifest's before those of its objects, everything
 * twice, with sequencers in the wrong order, some for an object that is deleted by then, some when
 * the batch is open, some when it has ended. While it runs, the message of every object comes twice
 * more, or oftener: when one worker hangs with objects in hand, and when all the others are done.
 */
beforeAll(async () => {
  study = await startStudyCloud();
  operator = study.as('operator');
  notifications = holdNotifications(study);
  batch = await craftBatch(study, [...stored, { text: text(deleted), fault: 'not stored' }]);
  const { batchId } = batch;
  const place = { study: study.settings.study, batchId };
  key = (index) => inputKey(place, batch.objects[index]?.objectId ?? '');
  const manifest = notifications.of(manifestKey(place));
  const created = stored.map((_, index) => notifications.of(key(index)));
  const early = created.slice(0, whenOpen);
  const ofDeleted = altered(manifest, { key: key(deleted), sequencer: '0A' });

  await deliver([manifest, manifest]);
  await deliver(early.toReversed());
  await deliver(early.map((event) => altered(event, { sequencer: '00', size: 1 })));
  await deliver([ofDeleted]);
  notifications.deliver({ ...ofDeleted, detailType: 'Object Deleted' });
  await deliver([ofDeleted]);
  arrived = {
    state: (await getBatch(operator.ledger, batchId))?.state,
    objects: (await Array.fromAsync(queryItems(operator.ledger, batchId, 'OBJECT#'))).length,
  };

  const request = { batchId, pipeline: 'vitals-summary', workers: 2, tolerateFailedObjects: 1 };
  const executionArn = await start(operator, request);
  [hung] = (await freezeAtWork(study, batchId, 1)) as [FrozenWorker];
  const open = [...created.slice(0, whenEnded), ofDeleted, manifest];
  const queue = await openRunQueue(study, batchId);
  await Promise.all([deliver([...open, ...open.toReversed()]), sendAllAgain(queue)]);
  // A message that the frozen worker's open receive swallowed comes back after minutes: send again.
  await until(async () => {
    if (await isDoneButForHung()) return true;
    await sleep(1_000);
    await sendAllAgain(queue);
    return undefined;
  });
  await sendAllAgain(queue);
  await until(async () => ((await queue.waiting()) === 0 ? true : undefined));
  heldToTheEnd = (await claims(study, batchId)).get(hung.instance.instanceId) ?? [];
  thaw(hung.instance);
  end = await ended(operator, executionArn, batchId);

  // The batch's evidence is noted some time behind the end.
  await settled(study);
  ledgerAtEnd = await ledger();
  await deliver([...created, ...open]);
  notifications.deliver({ ...manifest, detailType: 'Object Deleted' });
  ledgerAfterLate = await ledger();
});

afterAll(() => study.stop());

const ledger = () => Array.fromAsync(queryItems(operator.ledger, batch.batchId, ''));

/** Delivers notifications of new objects, and waits until the last of them is handled. */
async function deliver(events: readonly EventContent[]): Promise<void> {
  delivered += events.length;
  notifications.deliver(...events);
  await until(async () =>
    (await notifications.outcomes()).length >= delivered ? true : undefined,
  );
}

const sendAllAgain = (queue: RunQueue): Promise<void> =>
  queue.send(
    batch.objects.map(({ objectId }) => ({ version: 1, batchId: batch.batchId, objectId })),
  );

/** Whether every object is done that the worker which hangs has not in hand. */
async function isDoneButForHung(): Promise<boolean> {
  const items = await Array.fromAsync(listObjects(operator.ledger, batch.batchId));
  const { instanceId } = hung.instance;
  return items.every(
    ({ state, claim }) =>
      ['DONE', 'FAILED'].includes(state) ||
      (state === 'CLAIMED' && claim?.instanceId === instanceId),
  );
}

describe('a batch whose notifications come twice, in disorder, and late', () => {
  it('is sealed, and has entered what it was told of by then', () => {
    expect(arrived).toEqual({ state: 'SEALED', objects: whenOpen + 1 });
  });

  it('ends as if they had come in order: every object done, at the first attempt', () => {
    const states = Object.groupBy(end.objects, ({ state }) => state);

    expect(end.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(end.objects).toHaveLength(stored.length + 1);
    expect(states.DONE?.map(({ attempts }) => attempts)).toEqual(Array(stored.length).fill(1));
    expect(end.objects.map(({ sizeBytes }) => sizeBytes)).not.toContain(1);
  });

  it('fails the object alone that was deleted, as MISSING', () => {
    const failed = end.objects.filter(({ state }) => state === 'FAILED');

    expect(failed).toMatchObject([
      { objectId: batch.objects[deleted]?.objectId, reason: 'MISSING', attempts: 1 },
    ]);
  });

  it('is not changed by what comes after its end, and not run again', async () => {
    const { stateMachineArn } = study.settings;
    const { executions } = await operator.sfn.send(new ListExecutionsCommand({ stateMachineArn }));

    expect(ledgerAfterLate).toEqual(ledgerAtEnd);
    expect(executions).toHaveLength(1);
    expect(study.cloud.mails()).toHaveLength(3);
  });

  it('has no function called for a deletion', async () => {
    const outcomes = await notifications.outcomes();

    expect(outcomes).toHaveLength(delivered);
    expect(new Set(outcomes)).toEqual(new Set(['REGISTERED', 'SEALED']));
  });
});

describe('a message that comes again', () => {
  it('takes nothing from a worker that hangs with its object in hand', () => {
    const own = end.objects.filter(({ claim }) => claim?.instanceId === hung.instance.instanceId);

    expect(hung.held.length).toBeGreaterThan(0);
    expect(heldToTheEnd).toEqual(expect.arrayContaining([...hung.held]));
    expect(own.map(({ objectId }) => objectId)).toEqual(expect.arrayContaining([...hung.held]));
  });

  it('has no object done twice: each result is stored once', async () => {
    const puts = (await readAccessLog(study))
      .filter(({ eventName }) => eventName === 'PutObject')
      .map(({ requestParameters }) => String(requestParameters?.key))
      .filter((put) => put.startsWith('out/'));
    const results = [...end.objects.map(({ result }) => result?.key), end.batch?.result?.key];

    expect(puts.toSorted()).toEqual(results.filter((result) => result !== undefined).toSorted());
    expect(puts).toHaveLength(stored.length + 1);
  });
});

describe('a notification of a key that is none of ours', () => {
  it('is refused by a code, enters nothing, and its name stands in no log', async () => {
    const { s3, settings } = study.as('uploader');
    const named = `in/v1/${settings.study}/${name} 1970-03-02.csv`;
    const put = { Bucket: settings.inputBucket, Key: named, Body: 'x', IfNoneMatch: '*' };
    await s3.send(new PutObjectCommand(put));
    const real = notifications.of(named);
    const good = key(0);
    const foreign = [
      `listings/v1/${settings.study}/${batch.batchId}`,
      `out/${name}`,
      good.replace('/v1/', '/v2/'),
      `${good}/${name}`,
      `${good}/`,
      encodeURIComponent(good),
      good.toUpperCase(),
      `../${good}`,
      `${name}\n${good}`,
      name.repeat(100),
      '',
    ].map((other) => altered(real, { key: other }));
    const ofOtherStudy = altered(real, { key: good.replace(settings.study, 'otherstudy') });
    const before = await Array.fromAsync(listBatches(operator.ledger));

    await deliver([real, ...foreign, ofOtherStudy]);

    const outcomes = await notifications.outcomes();
    const count = (code: string) => outcomes.filter((outcome) => outcome === code).length;
    expect([count('FOREIGN_KEY'), count('FOREIGN_STUDY')]).toEqual([1 + foreign.length, 1]);
    expect(await Array.fromAsync(listBatches(operator.ledger))).toEqual(before);
    expect(await ledger()).toEqual(ledgerAfterLate);
    const inLogs = await countCanariesBelow(study.cloud.logsDirectory, [name]);
    expect(inLogs).toMatchObject({ found: 0 });
    expect(inLogs.files).toBeGreaterThan(10);
  });
});
