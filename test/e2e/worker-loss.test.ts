import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readNewEvents } from '../../client/watch/history-events.ts';
import { listObjects } from '../../ledger/objects.ts';
import { findRemnants } from '../../local/demo/check-evaporated.ts';
import type { CloudTrailRecord } from '../../local/gateway/cloudtrail-record.ts';
import { machineProcesses, signal } from '../../local/services/ec2/machine-processes.ts';
import { heartbeatTimeoutSeconds } from '../../workflow/model/worker-command.ts';
import { HastyClock } from './support/hasty-clock.ts';
import {
  agentOf,
  claims,
  freeze,
  freezeAtWork,
  type FrozenWorker,
  thaw,
} from './support/hurt-workers.ts';
import { readAccessLog, sessionOf } from './support/read-access-log.ts';
import { resultFigures } from './support/result-figures.ts';
import { openRunQueue } from './support/run-queue.ts';
import { type BatchEnd, ended, sealed, start, until } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { uploadStudy } from './support/upload-study.ts';

const clock = new HastyClock();

let study: StudyCloud;
let batchId: string;
let end: BatchEnd;
let crashed: FrozenWorker;
let killed: FrozenWorker;
let hung: FrozenWorker;
let survivor: FrozenWorker;
let log: readonly CloudTrailRecord[];
/** Calls in the log before the worker that hung woke up. */
let callsBefore: number;
/** What ran on the instance of the killed agent, once the rest of the batch was done. */
let leftByAgent: readonly number[];

/**
 * Four workers are frozen with objects in hand. One loses its power, of one the agent is killed, one
 * hangs, and the fourth goes on. Later the one that hung wakes up and writes what others have
 * written, and hangs again.
 *
 * The two waits, for the queue to deliver again and for heartbeats that do not come, are a minute
 * each: in the embedded queue and the state machine they are made to pass at once, while nothing
 * else happens.
 */
beforeAll(async () => {
  study = await startStudyCloud({ clock });
  const operator = study.as('operator');
  batchId = await uploadStudy(study, 16);
  await sealed(operator, batchId);
  const request = { batchId, pipeline: 'vitals-summary', workers: 4 };
  const executionArn = await start(operator, request);
  const { fleet } = study.cloud.services.ec2;

  const workers = await freezeAtWork(study, batchId, 4);
  [survivor, crashed, killed, hung] = workers as [
    FrozenWorker,
    FrozenWorker,
    FrozenWorker,
    FrozenWorker,
  ];
  await fleet.crash(crashed.instance);
  signal(agentOf(killed.instance), 'SIGKILL');
  thaw(killed.instance);
  thaw(survivor.instance);

  await until(async () => ((await isIdle(survivor)) ? true : undefined));
  leftByAgent = killed.instance.machine.processes();
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + heartbeatTimeoutSeconds * 1000);
  await until(async () => ((await isAllDone()) ? true : undefined));
  vi.restoreAllMocks();

  callsBefore = (await readAccessLog(study)).length;
  thaw(hung.instance);
  await until(async () => (lateWrites(await readAccessLog(study)).length > 0 ? true : undefined));
  freeze(hung.instance);

  await until(async () => {
    const events = await readNewEvents(operator.sfn, executionArn, 0);
    const left = events.some(({ stateExitedEventDetails: exit }) => exit?.name === 'Process');
    return left ? true : undefined;
  });
  clock.jump(heartbeatTimeoutSeconds);
  end = await ended(operator, executionArn, batchId);
  log = await readAccessLog(study);
});

afterAll(() => study.stop());

/** Says whether a worker has nothing in hand and nothing to take from the queue. */
async function isIdle({ instance }: FrozenWorker): Promise<boolean> {
  if ((await claims(study, batchId)).has(instance.instanceId)) return false;
  const isEmpty = (await (await openRunQueue(study, batchId)).waiting()) === 0;
  // What it took between the two looks.
  return isEmpty && !(await claims(study, batchId)).has(instance.instanceId);
}

async function isAllDone(): Promise<boolean> {
  const objects = await Array.fromAsync(listObjects(study.as('auditor').ledger, batchId));
  return objects.every(({ state }) => state === 'DONE');
}

/** What the worker that hung tried to write in the ledger on the objects that others ended. */
function lateWrites(records: readonly CloudTrailRecord[]): CloudTrailRecord[] {
  return records
    .slice(callsBefore)
    .filter(
      (record) =>
        record.eventName === 'UpdateItem' && sessionOf(record) === hung.instance.instanceId,
    );
}

const countOf = (state: string): number => end.states.filter((name) => name === state).length;

describe('a batch that loses three of four workers in the middle', () => {
  it('ends SUCCEEDED with every object DONE', () => {
    expect(end.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(end.batch).toMatchObject({ state: 'SUCCEEDED', objects: 17 });
    expect(end.objects.map(({ state }) => state)).toEqual(Array(17).fill('DONE'));
  });

  it('finishes on another worker what the lost ones had in hand, at the second attempt', () => {
    const held = [crashed, killed, hung].flatMap((worker) => worker.held).toSorted();
    const repeated = end.objects.filter(({ attempts }) => attempts !== 1);

    expect(held.length).toBeGreaterThanOrEqual(3);
    expect(repeated.map(({ objectId }) => objectId)).toEqual(held);
    expect(new Set(repeated.map(({ attempts }) => attempts))).toEqual(new Set([2]));
    expect(new Set(repeated.map(({ claim }) => claim?.instanceId))).toEqual(
      new Set([survivor.instance.instanceId]),
    );
  });

  it('stores one result per object and none twice', () => {
    const keys = log
      .filter(({ eventName, errorCode }) => eventName === 'PutObject' && errorCode === undefined)
      .map(({ requestParameters }) => String(requestParameters?.key))
      .filter((key) => key.startsWith('out/'));
    const expected = [...end.objects.map(({ result }) => result?.key), end.batch?.result?.key];

    expect(keys.toSorted()).toEqual(expected.toSorted());
  });

  it('refuses what a worker writes that hung until others had taken its objects over', () => {
    const late = lateWrites(log);

    expect(late.length).toBeGreaterThan(0);
    expect(new Set(late.map(({ errorCode }) => errorCode))).toEqual(
      new Set(['ConditionalCheckFailedException']),
    );
  });

  it('leaves nothing running behind an agent that was killed, though its instance lives on', () => {
    expect(leftByAgent).toEqual([]);
  });

  it('retires each of the three and launches a replacement', () => {
    expect(countOf('Retire Worker')).toBe(3);
    expect(countOf('Launch Worker')).toBe(7);
    expect(countOf('Give Up Worker')).toBe(0);
  });

  it('has results with the published figures', async () => {
    const figures = await resultFigures(study, batchId);

    expect(figures.length).toBeGreaterThan(0);
    for (const { name, published, found } of figures) expect(found, name).toBe(published);
  });

  it('leaves nothing of the lost workers', async () => {
    const folder = join(study.directory, 'ec2');
    const remnants = await findRemnants(study.as('auditor'), {
      ...study.settings,
      batchId,
      executionArn: end.executionArn,
    });

    expect(Object.values(remnants)).toEqual([0, 0, 0, 0, 0]);
    expect((await readdir(folder)).filter((name) => name.startsWith('i-'))).toEqual([]);
    expect(machineProcesses(folder)).toEqual([]);
  });
});
