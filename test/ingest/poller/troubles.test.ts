import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DisabledException } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CommitRecord,
  mostCommittedDays,
  mostCommittedMessages,
} from '../../../ingest/poller/commit-record.ts';
import type { PollCommand } from '../../../ingest/model/poll-command.ts';
import { agentExit } from '../../../runtime/agent-answer.ts';
import { createPoller } from '../../../ingest/poller/create-poller.ts';
import { asideRecord } from '../../../ingest/poller/join-subjects.ts';
import { readMessage } from '../../../ingest/poller/read-message.ts';
import { tallyDevices } from '../../../ingest/poller/tally-devices.ts';
import { WorkerLostError } from '../../../workflow/model/errors.ts';
import { bootId, deviceId } from '../../ledger/sensors/sensor-tables.ts';
import { failure } from '../../worker/fake-s3.ts';
import { messageOf, SensorWorld } from './sensor-world.ts';

let world: SensorWorld;
let device: string;

beforeEach(async () => {
  world = await SensorWorld.start();
  device = await world.wornDevice();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.stop();
});

const message = (seq: number) => messageOf({ device, boot: bootId(1), seq });

const command: PollCommand = {
  version: 1,
  taskToken: 'task-token',
  executionArn: 'arn',
  instanceId: 'i-0123456789abcdef0',
  maxSeconds: 60,
  seal: [],
};

const never = new AbortController().signal;

describe('a poller whose services are in trouble', () => {
  it('tells the task that the data key cannot be used, and leaves the messages in the queue', async () => {
    await world.publish(message(0));
    const { deps, wire } = world.poller();
    wire.onCall = (name, _input, next) => {
      if (name !== 'GenerateDataKey') return next();
      throw new DisabledException({ message: 'disabled', $metadata: {} });
    };

    const exit = await createPoller(deps).run(command, never);

    expect(exit).toBe(agentExit.failed);
    expect(world.sfn.answers).toMatchObject([{ error: 'KeyUnavailableError' }]);
    expect(await world.left()).toBe(1);
    expect(await world.keys()).toEqual([]);
  });

  it('stores the messages later where S3 fails for good', async () => {
    await world.publish(message(0));
    const broken = world.poller();
    broken.wire.onCall = (name, _input, next) => {
      if (name !== 'PutObject') return next();
      throw failure('InternalError', 500);
    };

    const exit = await createPoller(broken.deps).run(command, never);
    await world.giveBack(broken.handles);
    const reply = await world.poll();

    expect(exit).toBe(agentExit.failed);
    expect(world.sfn.answers).toMatchObject([{ error: 'AwsUnavailableError' }]);
    // What was announced is ended before anything is received: the message is known then.
    expect(reply).toMatchObject({ stored: 0, redelivered: 1 });
    expect(await world.records(device)).toHaveLength(1);
  });

  it('tries again where S3 finds another write of the key under way', async () => {
    await world.publish(message(0));
    const poller = world.poller();
    let tries = 0;
    poller.wire.onCall = (name, _input, next) => {
      if (name === 'PutObject' && (tries += 1) === 1) {
        throw failure('ConditionalRequestConflict', 409);
      }
      return next();
    };

    expect(await poller.poll()).toMatchObject({ stored: 1 });
    expect(tries).toBe(2);
  });

  it('takes an object that is there for its own: the answer to the PUT got lost', async () => {
    await world.publish(message(0));
    const poller = world.poller();
    poller.wire.onCall = async (name, _input, next) => {
      const answer = await next();
      return name === 'PutObject' ? next() : answer;
    };

    expect(await poller.poll()).toMatchObject({ stored: 1, objects: 1 });
    expect(await world.records(device)).toHaveLength(1);
  });

  it('goes on without a spool that was lost: the messages come again', async () => {
    await world.publish(message(0));
    const broken = world.poller();
    broken.wire.onCall = (name, _input, next) => {
      if (name !== 'PutObject') return next();
      throw failure('AccessDenied', 403);
    };
    await expect(broken.poll()).rejects.toThrow();
    await rm(world.spoolDirectory, { recursive: true });
    await world.giveBack(broken.handles);

    const reply = await world.poll();

    expect(reply).toMatchObject({ stored: 1 });
    expect(world.lines.join('')).toContain('spool lost');
    expect(await world.records(device)).toHaveLength(1);
  });

  it.each(['torn', 'no JSON'])('takes a damaged spool (%s) for a lost one', async (damage) => {
    await world.publish(message(0));
    const broken = world.poller();
    broken.wire.onCall = (name, _input, next) => {
      if (name !== 'PutObject') return next();
      throw failure('AccessDenied', 403);
    };
    await expect(broken.poll()).rejects.toThrow();
    const [chunk = ''] = await readdir(world.spoolDirectory);
    const path = join(world.spoolDirectory, chunk);
    if (damage === 'torn') await writeFile(path, 'X', { flag: 'r+' });
    else await writeFile(path, damage);
    await world.giveBack(broken.handles);

    expect(await world.poll()).toMatchObject({ stored: 1 });
    expect(await world.records(device)).toHaveLength(1);
  });
});

describe('a poller', () => {
  it('answers its task with what it did, and logs ids and counts only', async () => {
    await world.publish(message(0));
    const { deps } = world.poller();

    const exit = await createPoller(deps).run(command, never);

    expect(exit).toBe(agentExit.done);
    expect(world.sfn.answers).toMatchObject([
      { token: 'task-token', output: { ended: 'EMPTY', stored: 1 } },
    ]);
    expect(world.lines.join('')).not.toMatch(/8867|"value"|withheld/);
  });

  it('that is told to stop tells so, lets the lease go, and the next one goes on', async () => {
    await world.publish(message(0), message(1));
    const stop = new AbortController();
    const stopped = world.poller();
    stopped.wire.onCall = async (name, _input, next) => {
      const answer = await next();
      if (name === 'PutObject') stop.abort(new WorkerLostError('the poller was told to stop'));
      return answer;
    };

    const exit = await createPoller(stopped.deps).run(command, stop.signal);
    const reply = await world.poll();

    expect(exit).toBe(agentExit.failed);
    expect(world.sfn.answers).toMatchObject([{ error: 'WorkerLostError' }]);
    expect(reply.ended).toBe('EMPTY');
    expect(await world.records(device)).toHaveLength(2);
  });

  it('whose task is gone says nothing', async () => {
    world.sfn.isGone = true;
    const { deps } = world.poller();

    expect(await createPoller(deps).run(command, never)).toBe(agentExit.gone);
  });

  it('beats while it polls', async () => {
    const { deps, wire } = world.poller();
    wire.onCall = async (name, _input, next) => {
      if (name === 'GetQueueAttributes') await new Promise((resolve) => setTimeout(resolve, 100));
      return next();
    };
    const pace = { ...deps.pace, heartbeatMilliseconds: 20, renewMilliseconds: 20 };

    await createPoller({ ...deps, pace }).run(command, never);

    expect(world.sfn.heartbeats.length).toBeGreaterThan(1);
  });
});

describe('a commit record', () => {
  it('of the largest chunk, each message of a device of its own, fits a DynamoDB item', () => {
    const verdicts = Array.from({ length: mostCommittedMessages }, (_, number) => {
      const of = deviceId(number);
      const previous = { boot: bootId(2), messages: 2_147_483_648 };
      const body = messageOf({ device: of, boot: bootId(1), seq: 2_147_483_647, previous });
      const incoming = readMessage({
        body: JSON.stringify({
          payload: Buffer.from(JSON.stringify(body)).toString('base64'),
          device: of,
          receivedAt: 1_777_888_999_000,
          principal: '',
        }),
        receiptHandle: '',
        receiveCount: 1,
        queuedAt: 0,
      });
      if (incoming.kind !== 'message') throw new Error('not a message');
      const records = [asideRecord(incoming, 'UNASSIGNED')];
      return { kind: 'new', incoming, records, counts: true } as const;
    });
    const object: CommitRecord['objects'][number] = {
      day: '2026-05-04',
      part: 'ASIDE',
      number: 999,
      batchId: 'b'.repeat(9),
      ...{
        objectId: 'b'.repeat(21),
        records: 1_000,
        sizeBytes: 10_000_000,
        sha256: '0'.repeat(64),
      },
      ciphertextBytes: 10_000_000,
      ciphertextSha256: '0'.repeat(64),
    };
    const record: CommitRecord = {
      version: 1,
      chunk: '00000001-000001',
      at: '2026-05-04T10:00:00.000Z',
      objects: Array.from({ length: 2 * mostCommittedDays }, () => object),
      devices: tallyDevices(verdicts, []),
    };

    // DynamoDB counts the names and the other attributes of the item, too.
    expect(JSON.stringify(record).length).toBeLessThan(395_000);
    expect(JSON.stringify(record).length).toBeGreaterThan(200_000);
  });
});
