import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordMail, wasMailSent } from '../../ledger/mails.ts';
import {
  abandonObject,
  claimObject,
  completeObject,
  countObjects,
  failObject,
  getObject,
  listObject,
  listObjects,
  registerObject,
} from '../../ledger/objects.ts';
import { batchId, executionArn, objectId } from './codes.ts';
import { startLedger, type TestLedger } from './ledger-table.ts';

let table: TestLedger;
let next = 0;
const now = new Date('2026-03-02T08:00:00.000Z');
const result = { key: 'out', sizeBytes: 1, sha256: 'b'.repeat(64) };
const listing = { sizeBytes: 9, sha256: 'a'.repeat(64) };

beforeAll(async () => {
  table = await startLedger();
});
afterAll(() => table.stop());

const claim = (claimId: string, more: { run?: number; message?: string; count?: number } = {}) => ({
  claimId,
  executionArn: executionArn(more.run ?? 1),
  instanceId: 'i-0123456789abcdef0',
  messageId: more.message ?? 'message-1',
  receiveCount: more.count ?? 1,
});

async function registered() {
  const place = { batchId: batchId((next += 1)), objectId: objectId(1) };
  await registerObject(table, { ...place, sizeBytes: 9 }, now);
  return place;
}

describe('an object', () => {
  it('keeps its first registration when its event comes again', async () => {
    const place = await registered();

    await registerObject(table, { ...place, sizeBytes: 10 }, new Date());

    expect(await getObject(table, place)).toEqual({
      ...place,
      state: 'REGISTERED',
      registeredAt: now.toISOString(),
      sizeBytes: 9,
    });
  });

  it('is entered from the listing before its event has come, and the event changes nothing', async () => {
    const place = { batchId: batchId((next += 1)), objectId: objectId(1) };

    const entered = await listObject(table, { ...place, ...listing }, now);
    await registerObject(table, { ...place, sizeBytes: 1 }, now);

    expect(entered).toMatchObject({ state: 'REGISTERED', ...listing });
    expect(await getObject(table, place)).toEqual(entered);
  });

  it('is done once, by the claim that holds it', async () => {
    const place = await registered();

    const claimed = await claimObject(table, place, claim('c1'));
    const stranger = await completeObject(table, place, 'c2', result, now);
    const holder = await completeObject(table, place, 'c1', result, now);
    const late = await failObject(table, place, 'c1', { reason: 'CORRUPT' }, now);

    expect(claimed).toEqual({ kind: 'claimed' });
    expect([stranger, holder, late]).toEqual([false, true, false]);
    expect(await getObject(table, place)).toMatchObject({ state: 'DONE', result, attempts: 1 });
  });

  it.each([
    ['the same delivery again', claim('c2'), 'busy'],
    ['another message of it', claim('c2', { message: 'message-2' }), 'duplicate'],
    ['a later delivery of its message', claim('c2', { count: 2 }), 'claimed'],
    ['another execution', claim('c2', { run: 2, message: 'message-2' }), 'claimed'],
  ])('answers a claim by %s with %s', async (_, second, kind) => {
    const place = await registered();
    await claimObject(table, place, claim('c1'));

    const outcome = await claimObject(table, place, second);

    expect(outcome).toEqual({ kind: kind });
  });

  it('refuses what a slow worker writes after another one took the object over', async () => {
    const place = await registered();
    await claimObject(table, place, claim('slow'));
    await claimObject(table, place, claim('fresh', { count: 2 }));

    const slow = await completeObject(table, place, 'slow', result, now);

    expect(slow).toBe(false);
    expect((await getObject(table, place))?.state).toBe('CLAIMED');
  });

  it('tells a claim of an object that has ended, or that nobody listed', async () => {
    const place = await registered();
    await abandonObject(table, place, 'NOT_IN_MANIFEST', now);

    const ended = await claimObject(table, place, claim('c1'));
    const unknown = await claimObject(table, { ...place, objectId: objectId(2) }, claim('c1'));

    expect([ended, unknown]).toEqual([{ kind: 'ended' }, { kind: 'unknown' }]);
  });

  it('keeps the reason of the worker and that of the pipeline', async () => {
    const place = await registered();
    await claimObject(table, place, claim('c1'));

    await failObject(
      table,
      place,
      'c1',
      { reason: 'PIPELINE_REJECTED', pipelineReason: 'BAD_HEADER' },
      now,
    );

    expect(await getObject(table, place)).toMatchObject({
      state: 'FAILED',
      reason: 'PIPELINE_REJECTED',
      pipelineReason: 'BAD_HEADER',
    });
  });

  it('is listed with the others of its batch sorted by id, and counted by state', async () => {
    const id = batchId((next += 1));
    for (const number of [3, 1, 2]) {
      await registerObject(table, { batchId: id, objectId: objectId(number), sizeBytes: 1 }, now);
    }
    await abandonObject(table, { batchId: id, objectId: objectId(2) }, 'MISSING', now);

    const listed = await Array.fromAsync(listObjects(table, id), (object) => object.objectId);

    expect(listed).toEqual([objectId(1), objectId(2), objectId(3)]);
    expect(await countObjects(table, id)).toEqual({
      REGISTERED: 2,
      CLAIMED: 0,
      DONE: 0,
      FAILED: 1,
    });
  });
});

describe('a mail', () => {
  it('is remembered per run and kind', async () => {
    const id = batchId((next += 1));
    const place = { batchId: id, executionArn: executionArn(1), kind: 'done' } as const;

    await recordMail(table, place, 'ses-1', now);

    expect(await wasMailSent(table, place)).toBe(true);
    expect(await wasMailSent(table, { ...place, kind: 'failed' })).toBe(false);
    expect(await wasMailSent(table, { ...place, executionArn: executionArn(2) })).toBe(false);
  });
});
