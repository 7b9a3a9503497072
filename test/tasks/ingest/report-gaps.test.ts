import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedPoll } from '../../../ingest/model/ingest-run.ts';
import type { DeviceStatus, TroubleCount } from '../../../ingest/model/sensor-items.ts';
import { AsideReason } from '../../../ingest/model/sensor-object.ts';
import { registerDevice, revokeDevice, setInService } from '../../../ledger/sensors/devices.ts';
import { getRun, recordRun } from '../../../ledger/sensors/runs.ts';
import { lastSilence } from '../../../ledger/sensors/silences.ts';
import { recordTold } from '../../../ledger/sensors/troubles.ts';
import type { Table } from '../../../ledger/table.ts';
import { reportGaps, type ReportGapsInput } from '../../../tasks/report-gaps/report-gaps.ts';
import {
  bootId,
  deviceId,
  startSensorTables,
  type TestSensorTables,
} from '../../ledger/sensors/sensor-tables.ts';
import { emptyPoll, ingestRun, minutesLater } from './ingest-runs.ts';

const sqs = mockClient(SQSClient);
const device = deviceId(1);
const iso = (minutes: number) => minutesLater(minutes).toISOString();
const day = 24 * 60;
let tables: TestSensorTables;
let table: Table;

beforeEach(async () => {
  tables = await startSensorTables();
  table = tables.sensors;
  sqs.reset();
  queues();
});
afterEach(() => tables.stop());

/** Messages in the sensor queue and its dead-letter queue; the queue is ten minutes old. */
function queues({ messages = 0, dead = 0, createdAt = -10 } = {}): void {
  const attributes = (visible: number) => ({
    Attributes: {
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: '0',
      CreatedTimestamp: String(minutesLater(createdAt).getTime() / 1000),
    },
  });
  sqs.on(GetQueueAttributesCommand, { QueueUrl: 'queue' }).resolves(attributes(messages));
  sqs.on(GetQueueAttributesCommand, { QueueUrl: 'dead' }).resolves(attributes(dead));
}

const put = (item: Record<string, unknown>) =>
  table.client.send(new PutItemCommand({ TableName: table.name, Item: marshall(item) }));

/** A device that is to send once a minute; worn from minute -60 on, unless a test says otherwise. */
async function worn(id = device, since = -60): Promise<void> {
  await registerDevice(table, { device: id, everySeconds: 60 }, minutesLater(-100));
  await setInService(table, id, minutesLater(since));
}

const heard = (status: Partial<DeviceStatus>, id = device) =>
  put({
    scope: id,
    item: 'STATUS',
    device: id,
    received: 1,
    duplicates: 0,
    aside: {},
    rejected: 0,
    missing: 0,
    gaps: 0,
    ...status,
  });

const lost = (fromSeq: number, toSeq: number, foundAt: number, closedAt?: number) =>
  put({
    scope: device,
    item: `GAP#${bootId(1)}#${String(fromSeq).padStart(10, '0')}`,
    device,
    reason: 'LOST',
    from: iso(foundAt - 5),
    boot: bootId(1),
    fromSeq,
    toSeq,
    foundAt: iso(foundAt),
    ...(closedAt !== undefined && { closedAt: iso(closedAt) }),
  });

/** A run that begins at its minute, polls half a minute later, and reports a minute later; or fails. */
async function run(
  number: number,
  poll: Partial<RecordedPoll> = {},
  failure?: ReportGapsInput['failure'],
) {
  const own = ingestRun(number);
  if (failure === undefined) {
    const reply = { ...emptyPoll, ...poll };
    await recordRun(
      table,
      own,
      { beganAt: own.startedAt, poll: reply },
      minutesLater(number + 0.5),
    );
  }
  return reportGaps(
    { ...own, ...(failure !== undefined && { failure }) },
    {
      sqs: new SQSClient({}),
      table,
      queueUrl: 'queue',
      deadLetterQueueUrl: 'dead',
      now: () => minutesLater(number + 1),
    },
  );
}

const troubles = async (...of: Parameters<typeof run>) => (await run(...of)).troubles;
const only = (code: TroubleCount['code'], count = 1) => [{ code, count }];
const pollFailed = { state: 'Poll', code: 'States.HeartbeatTimeout' };

describe('Report Gaps of a study in which all is well', () => {
  it('finds nothing, and writes that on the run', async () => {
    await worn();
    await heard({ lastReceivedAt: iso(9), lagMs: 5, skewMs: 5 });

    const report = await run(10);

    expect(report).toEqual({ troubles: [], newestSilenceAt: null, devices: 1, silent: 0 });
    expect(await getRun(table, ingestRun(10))).toMatchObject({
      troubles: [],
      reportedAt: iso(11),
      poll: emptyPoll,
    });
  });

  it('receives nothing of the queues', async () => {
    await run(10);

    expect(sqs.calls().map(({ args }) => args[0].constructor.name)).toEqual([
      'GetQueueAttributesCommand',
      'GetQueueAttributesCommand',
    ]);
  });
});

describe('a silent device', () => {
  it('is one whose last message is more than three times too old when the poll begins', async () => {
    await worn();
    await heard({ lastReceivedAt: iso(7) });
    const justNotYet = await troubles(10);
    await heard({ lastReceivedAt: iso(6.99) });

    const report = await run(11);

    expect(justNotYet).toEqual([]);
    expect(report).toEqual({
      troubles: only('DEVICE_SILENT'),
      newestSilenceAt: iso(12),
      devices: 1,
      silent: 1,
    });
    expect(await lastSilence(table, device)).toEqual({
      device,
      reason: 'SILENT',
      from: iso(6.99),
      foundAt: iso(12),
    });
  });

  it('that never sent anything is silent since it is worn', async () => {
    await worn(device, 0);

    expect(await troubles(3)).toEqual([]);
    expect(await troubles(4)).toEqual(only('DEVICE_SILENT'));
    expect(await lastSilence(table, device)).toMatchObject({ from: iso(0) });
  });

  it('stays silent, in one silence, until it is heard', async () => {
    await worn();
    await heard({ lastReceivedAt: iso(0) });
    await run(10);
    const again = await run(11);
    await heard({ lastReceivedAt: iso(11.5) });

    const closed = await run(12);

    expect(again).toMatchObject({ silent: 1, newestSilenceAt: iso(11) });
    expect(closed).toMatchObject({ troubles: [], newestSilenceAt: null });
    expect(await lastSilence(table, device)).toMatchObject({
      from: iso(0),
      to: iso(11.5),
      closedAt: iso(13),
    });
  });

  it('that spoke once and fell silent again has two silences', async () => {
    await worn();
    await heard({ lastReceivedAt: iso(0) });
    await run(10);
    await heard({ lastReceivedAt: iso(11) });

    const report = await run(20);

    expect(report).toMatchObject({ silent: 1, newestSilenceAt: iso(21) });
    expect(await lastSilence(table, device)).toMatchObject({ from: iso(11) });
  });

  it('is none that nobody wears, or that was revoked; its silence ends without it', async () => {
    const [unworn, revoked] = [deviceId(2), deviceId(3)];
    for (const id of [unworn, revoked]) {
      await worn(id);
      await heard({ lastReceivedAt: iso(0) }, id);
    }
    await registerDevice(table, { device: deviceId(4), everySeconds: 60 }, minutesLater(-100));
    const before = await run(10);
    await setInService(table, unworn, undefined);
    await revokeDevice(table, revoked, minutesLater(10));

    const after = await run(11);

    expect([before.silent, after.silent]).toEqual([2, 0]);
    for (const id of [unworn, revoked]) {
      const silence = await lastSilence(table, id);
      expect(silence).toMatchObject({ closedAt: iso(12) });
      expect(silence).not.toHaveProperty('to');
    }
  });

  it.each<[string, Partial<RecordedPoll>]>([
    ['another poller was at work', { ended: 'BUSY' }],
    ['time was up before anything was received', { ended: 'TIME', backlog: 9 }],
    [
      'the messages that came were older than its silence',
      {
        ended: 'TIME',
        receipts: 5,
        oldestSeconds: 20 * 60,
      },
    ],
  ])('is not claimed where %s: its messages may wait in the queue', async (_, poll) => {
    await worn();
    await heard({ lastReceivedAt: iso(0) });

    expect((await run(10, poll)).silent).toBe(0);
  });

  it('is not claimed where the poll failed; one that is known is closed and told all the same', async () => {
    const other = deviceId(2);
    for (const id of [device, other]) {
      await worn(id);
      await heard({ lastReceivedAt: iso(0) }, id);
    }
    await run(10);
    await heard({ lastReceivedAt: iso(9.5) }, other);
    await worn(deviceId(3));
    await heard({ lastReceivedAt: iso(0) }, deviceId(3));

    const report = await run(20, {}, pollFailed);

    expect(report.troubles).toEqual([
      { code: 'POLL_FAILED', count: 1 },
      { code: 'DEVICE_SILENT', count: 1 },
    ]);
  });

  it('is found in a backlog as far as the poll has come', async () => {
    await worn();
    await heard({ lastReceivedAt: iso(0) });
    const poll = { ended: 'TIME', receipts: 5, oldestSeconds: 60 } as const;

    expect(await troubles(10, poll)).toEqual(only('DEVICE_SILENT'));
  });
});

describe('missing messages', () => {
  beforeEach(async () => {
    await worn();
    await heard({ lastReceivedAt: iso(9), missing: 5, gaps: 2 });
    await lost(10, 12, 10.2);
    await lost(20, 21, 10.3);
    await lost(30, 39, 10.3, 10.4);
  });

  it('are told once: after the poll that found them', async () => {
    const first = await troubles(10);
    await recordTold(table, { run: 'x', codes: ['MESSAGES_MISSING'], last: {} }, minutesLater(11));
    await heard({ lastReceivedAt: iso(11), missing: 5, gaps: 2 });

    expect(first).toEqual(only('MESSAGES_MISSING', 5));
    expect(await troubles(12)).toEqual([]);
  });

  it('are told by the same run again when it is asked again', async () => {
    await run(10);

    expect(await troubles(10)).toEqual(only('MESSAGES_MISSING', 5));
  });

  it('that a poll found which broke off are told after the next one that ends', async () => {
    await run(9);
    await run(10, {}, pollFailed);
    await recordTold(
      table,
      { run: 'x', codes: ['POLL_FAILED', 'MESSAGES_MISSING'], last: {} },
      minutesLater(11),
    );
    await heard({ lastReceivedAt: iso(11), missing: 5, gaps: 2 });

    expect(await troubles(12)).toEqual(only('MESSAGES_MISSING', 5));
  });

  it('of which no mail could be sent are told by the next run', async () => {
    await run(10);
    await heard({ lastReceivedAt: iso(11), missing: 5, gaps: 2 });
    const next = await troubles(12);
    await recordTold(table, { run: 'x', codes: ['MESSAGES_MISSING'], last: {} }, minutesLater(13));

    expect(next).toEqual(only('MESSAGES_MISSING', 5));
    expect(await troubles(13)).toEqual([]);
  });
});

describe('messages that wait', () => {
  it('are told of when they may be ten days old and no poll came to them', async () => {
    await run(0);
    queues({ messages: 7 });
    const failure = { state: 'Check Workbench', code: 'WorkbenchStoppedError' };

    const before = await troubles(10 * day - 1, {}, failure);
    const after = await troubles(10 * day, {}, failure);

    expect(before).toEqual(only('WORKBENCH_STOPPED'));
    expect(after).toEqual([
      { code: 'WORKBENCH_STOPPED', count: 1 },
      { code: 'QUEUE_AGING', count: 7 },
    ]);
  });

  it('are as old as the queue, at most, where there never was a poll', async () => {
    queues({ messages: 1, createdAt: -9 * day });
    const young = await troubles(10, {}, pollFailed);
    queues({ messages: 1, createdAt: -10 * day });

    expect(young).toEqual(only('POLL_FAILED'));
    expect(await troubles(10, {}, pollFailed)).toContainEqual(only('QUEUE_AGING')[0]);
  });

  it('are as old as the oldest that a poll met before its time was up', async () => {
    queues({ messages: 3, createdAt: -30 * day });
    const poll = { ended: 'TIME', receipts: 5 } as const;

    expect(await troubles(10, { ...poll, oldestSeconds: 10 * 86_400 - 60 })).toEqual([]);
    expect(await troubles(11, { ...poll, oldestSeconds: 10 * 86_400 })).toEqual(
      only('QUEUE_AGING', 3),
    );
  });

  it('are none of a queue that a poll found empty, however old what it received', async () => {
    queues({ messages: 3, createdAt: -30 * day });

    expect(await troubles(10, { receipts: 5, oldestSeconds: 12 * 86_400 })).toEqual([]);
  });

  it('in the dead-letter queue are counted', async () => {
    queues({ dead: 4 });

    expect(await troubles(10)).toEqual(only('DEAD_LETTERS', 4));
  });
});

describe('the other troubles', () => {
  it.each(AsideReason.options)('tell what a poll set aside: %s', async (reason) => {
    expect(await troubles(10, { aside: { [reason]: 3 } })).toEqual(only(reason, 3));
  });

  it('tell that another poller was at work', async () => {
    expect(await troubles(10, { ended: 'BUSY' })).toEqual(only('POLLER_BUSY'));
  });

  it.each([
    [60_000, []],
    [60_001, only('CLOCK_SKEW')],
    [-60_001, only('CLOCK_SKEW')],
  ])('tell of a clock that is off by %i ms: %j', async (skewMs, expected) => {
    await worn();
    await heard({ lastReceivedAt: iso(9), skewMs });

    expect(await troubles(10)).toEqual(expected);
  });

  it.each([
    ['Check Workbench', 'WorkbenchStoppedError', 'WORKBENCH_STOPPED'],
    ['Check Workbench', 'WorkbenchUnreachableError', 'WORKBENCH_UNREACHABLE'],
    ['Poll', 'WorkbenchUnreachableError', 'WORKBENCH_UNREACHABLE'],
    ['Check Workbench', 'PermissionError', 'RUN_FAILED'],
    ['Poll', 'States.HeartbeatTimeout', 'POLL_FAILED'],
    ['Poll', 'States.Timeout', 'POLL_FAILED'],
    ['Poll', 'ContractError', 'POLL_FAILED'],
    ['Record Poll', 'AwsUnavailableError', 'RUN_FAILED'],
  ] as const)('tell of a run that failed in %s by %s: %s', async (state, code, trouble) => {
    const found = await troubles(10, {}, { state, code });

    expect(found).toEqual(only(trouble));
    expect(await getRun(table, ingestRun(10))).toMatchObject({
      failure: { state, code },
      troubles: only(trouble),
    });
  });

  it.each([
    'CANARY: Jane Doe 1970',
    // In the form of a name, and even of an error's: it is none that anybody throws.
    'JaneDoe',
    'JaneDoeError',
    'Jane.Doe',
    'States',
  ])('tell by no word an error that is not known: %s', async (code) => {
    await run(10, {}, { state: 'Poll', code });

    expect(await getRun(table, ingestRun(10))).toMatchObject({
      failure: { code: 'UnexpectedError' },
    });
  });
});

describe('a fleet', () => {
  it('is examined whole, however many devices it has', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => deviceId(index + 1));
    for (const [index, id] of ids.entries()) {
      await worn(id);
      await heard({ lastReceivedAt: iso(index < 25 ? 0 : 9) }, id);
    }

    expect(await run(10)).toMatchObject({ devices: 40, silent: 25 });
  });
});
