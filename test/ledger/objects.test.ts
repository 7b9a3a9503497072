import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordMail, wasMailSent } from '../../ledger/mails.ts';
import { FailureReason, passingReasons } from '../../workflow/model/ledger-items.ts';
import {
  abandonObject,
  claimObject,
  completeObject,
  countObjects,
  failObject,
  getObject,
  isToEnter,
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
const listing = { sizeBytes: 9, sha256: 'a'.repeat(64), run: 1 };

beforeAll(async () => {
  table = await startLedger();
});
afterAll(() => table.stop());

const claim = (
  claimId: string,
  more: { run?: number; redrive?: number; message?: string; count?: number } = {},
) => ({
  claimId,
  executionArn: executionArn(more.run ?? 1),
  redrive: more.redrive ?? 0,
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

    expect(entered).toBe(true);
    expect(await getObject(table, place)).toEqual({
      ...place,
      ...listing,
      state: 'REGISTERED',
      registeredAt: now.toISOString(),
    });
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

  it('ends again as it ended, where the answer to its claim got lost', async () => {
    const [done, failed] = [await registered(), await registered()];
    for (const place of [done, failed]) await claimObject(table, place, claim('c1'));
    const later = new Date(now.getTime() + 1000);

    for (const time of [now, later]) {
      expect(await completeObject(table, done, 'c1', result, time)).toBe(true);
      expect(await failObject(table, failed, 'c1', { reason: 'CORRUPT' }, time)).toBe(true);
    }

    for (const place of [done, failed]) {
      expect(await getObject(table, place)).toMatchObject({ endedAt: now.toISOString() });
    }
  });

  it.each([
    ['itself, whose answer got lost', claim('c1'), 'claimed'],
    ['the same delivery again', claim('c2'), 'busy'],
    ['another message of it', claim('c2', { message: 'message-2' }), 'duplicate'],
    ['a later delivery of its message', claim('c2', { count: 2 }), 'claimed'],
    ['another execution', claim('c2', { run: 2, message: 'message-2' }), 'claimed'],
    ['a redrive of it', claim('c2', { redrive: 1, message: 'message-2' }), 'claimed'],
  ])('answers a claim by %s with %s', async (_, second, kind) => {
    const place = await registered();
    await claimObject(table, place, claim('c1'));

    const outcome = await claimObject(table, place, second);

    expect(outcome).toEqual({ kind: kind });
  });

  it('is entered once a run, so that a late repetition takes nothing from a worker', async () => {
    const place = await registered();
    await listObject(table, { ...place, ...listing }, now);
    await claimObject(table, place, claim('c1'));
    const claimed = await getObject(table, place);

    const repeated = await listObject(table, { ...place, ...listing }, now);

    expect(repeated).toBe(false);
    expect(await getObject(table, place)).toEqual(claimed);
  });

  it('that a dead run left is entered anew, and that run’s late writes are refused', async () => {
    const place = await registered();
    await listObject(table, { ...place, ...listing }, now);
    await claimObject(table, place, claim('dead'));

    const entered = await listObject(table, { ...place, ...listing, run: 2 }, now);
    const late = [
      await completeObject(table, place, 'dead', result, now),
      await failObject(table, place, 'dead', { reason: 'RETRIES_EXHAUSTED' }, now),
      await listObject(table, { ...place, ...listing, run: 1 }, now),
    ];

    expect(entered).toBe(true);
    expect(late).toEqual([false, false, false]);
    expect(await getObject(table, place)).toEqual({
      ...place,
      ...listing,
      run: 2,
      state: 'REGISTERED',
      registeredAt: now.toISOString(),
      attempts: 1,
    });
  });

  it.each(FailureReason.options.map((reason) => ({ reason })))(
    'that failed as $reason is entered into a retry only if that may pass',
    async ({ reason }) => {
      const place = await registered();
      await listObject(table, { ...place, ...listing }, now);
      await claimObject(table, place, claim('c1'));
      await failObject(table, place, 'c1', { reason, pipelineReason: 'BAD_HEADER' }, now);
      const before = await getObject(table, place);

      const entered = await listObject(table, { ...place, ...listing, run: 2 }, now);

      const after = await getObject(table, place);
      expect(isToEnter(before!, 2)).toBe(entered);
      expect(entered).toBe(passingReasons.includes(reason));
      if (entered) expect(after).toMatchObject({ state: 'REGISTERED', attempts: 1, run: 2 });
      else expect(after).toEqual(before);
      for (const field of ['reason', 'pipelineReason', 'endedAt', 'claim']) {
        expect(field in after!).toBe(!entered);
      }
    },
  );

  it('that is DONE is entered into no retry', async () => {
    const place = await registered();
    await listObject(table, { ...place, ...listing }, now);
    await claimObject(table, place, claim('c1'));
    await completeObject(table, place, 'c1', result, now);
    const done = await getObject(table, place);

    const entered = await listObject(table, { ...place, ...listing, run: 2 }, now);

    expect([entered, isToEnter(done!, 2)]).toEqual([false, false]);
    expect(await getObject(table, place)).toEqual(done);
  });

  it('refuses what a slow worker writes after another one took the object over', async () => {
    const place = await registered();
    await claimObject(table, place, claim('slow'));
    await claimObject(table, place, claim('fresh', { count: 2 }));

    const slow = await completeObject(table, place, 'slow', result, now);

    expect(slow).toBe(false);
    expect((await getObject(table, place))?.state).toBe('CLAIMED');
  });

  it('is not given up by whom it read before a later run entered it', async () => {
    const place = await registered();
    await listObject(table, { ...place, ...listing }, now);
    const read = await getObject(table, place);
    await listObject(table, { ...place, ...listing, run: 2 }, now);

    const late = await abandonObject(table, read!, 'NOT_PROCESSED', now);
    const unlisted = await abandonObject(table, place, 'NOT_IN_MANIFEST', now);
    const inTime = await abandonObject(table, { ...place, run: 2 }, 'NOT_PROCESSED', now);

    expect([late, unlisted, inTime]).toEqual([false, false, true]);
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

describe('the reasons of a failure that a retry takes up again', () => {
  it('are those of pipeline and luck, and none of the upload', () => {
    expect(passingReasons).toEqual([
      'TYPE_NOT_ACCEPTED',
      'PIPELINE_REJECTED',
      'RETRIES_EXHAUSTED',
      'NOT_PROCESSED',
    ]);
  });
});

describe('a mail', () => {
  it('is remembered per run and kind', async () => {
    const id = batchId((next += 1));
    const place = { batchId: id, executionArn: executionArn(1), redrive: 0, kind: 'done' } as const;

    await recordMail(table, place, 'ses-1', now);

    expect(await wasMailSent(table, place)).toBe(true);
    expect(await wasMailSent(table, { ...place, kind: 'failed' })).toBe(false);
    expect(await wasMailSent(table, { ...place, executionArn: executionArn(2) })).toBe(false);
  });
});
