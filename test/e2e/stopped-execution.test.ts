import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryItems } from '../../ledger/table.ts';
import { findRemnants, type Remnants } from '../../local/demo/check-evaporated.ts';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import { machineProcesses } from '../../local/services/ec2/machine-processes.ts';
import { pocACanaries, pocATimeseriesHeader } from '../../synthetic/poc-a.ts';
import type { SweepOutput } from '../../tasks/sweep/sweep.ts';
import { freeze, freezeAtWork, type FrozenWorker, thaw } from './support/hurt-workers.ts';
import { nothingSwept, readSweeps } from './support/read-sweeps.ts';
import { type BatchEnd, ended, sealed, start, until } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { uploadStudy } from './support/upload-study.ts';

/** What stands in the plaintext of every object, and in nothing else. */
const canaries = [...pocACanaries, pocATimeseriesHeader];

let study: StudyCloud;
let stopped: BatchEnd;
/** The batch that runs beside. */
let other: BatchEnd;
/** Plaintext on the stopped batch's workers in the middle of their work. */
let plaintext: number;
/** What the other batch had before and after the sweeps. */
let before: Remnants;
let after: Remnants;
/** What the stopped batch's end wrote, before and after the sweeps by hand. */
let written: Traces;
let sweptAgain: Traces;
let sweeps: readonly SweepOutput[];

interface Traces {
  readonly ledger: readonly unknown[];
  readonly mails: readonly string[];
}

/**
 * Two batches run side by side. Both are frozen with objects in hand, one is stopped, and the
 * sweeper runs by the event of that and three times more by hand. Then the other one goes on.
 */
beforeAll(async () => {
  study = await startStudyCloud();
  const operator = study.as('operator');
  const otherId = await uploadStudy(study, 12);
  const batchId = await uploadStudy(study, 12);
  await sealed(operator, batchId);
  await sealed(operator, otherId);
  const request = { pipeline: 'vitals-summary', workers: 2 };
  const otherArn = await start(operator, { ...request, batchId: otherId });
  const others = await freezeAtWork(study, otherId, 2);
  const executionArn = await start(operator, { ...request, batchId });
  const workers = await freezeAtWork(study, batchId, 2);
  plaintext = await until(() => findPlaintext(workers));
  before = await remnantsOf(otherId, otherArn);

  workers.forEach(({ instance }) => thaw(instance));
  await operator.sfn.send(new StopExecutionCommand({ executionArn }));
  await nextSweep(0);
  stopped = await ended(operator, executionArn, batchId);
  await until(async () =>
    (await remnantsOf(batchId, executionArn)).instances === 0 ? true : undefined,
  );
  written = await tracesOf(batchId);

  for (const sweepsBefore of [1, 2, 3]) {
    study.cloud.services.events.triggerSchedule('EventsHourly');
    await nextSweep(sweepsBefore);
  }
  sweeps = await readSweeps(study);
  sweptAgain = await tracesOf(batchId);
  after = await remnantsOf(otherId, otherArn);
  others.forEach(({ instance }) => thaw(instance));
  other = await ended(operator, otherArn, otherId);
});

afterAll(() => study.stop());

/** Counts plaintext on frozen workers; lets them go on for a moment where there is none just now. */
async function findPlaintext(workers: readonly FrozenWorker[]): Promise<number | undefined> {
  const counts = await Promise.all(
    workers.map(({ instance }) =>
      countCanariesBelow(join(instance.machine.directory, 'scratch'), canaries),
    ),
  );
  const found = counts.reduce((sum, count) => sum + count.found, 0);
  if (found > 0) return found;
  workers.forEach(({ instance }) => thaw(instance));
  await sleep(20);
  workers.forEach(({ instance }) => freeze(instance));
  return undefined;
}

/** Waits for one more sweep than there were. */
async function nextSweep(sweepsBefore: number): Promise<void> {
  await until(async () => ((await readSweeps(study)).length > sweepsBefore ? true : undefined));
}

function remnantsOf(batchId: string, executionArn: string): Promise<Remnants> {
  return findRemnants(study.as('auditor'), { ...study.settings, batchId, executionArn });
}

async function tracesOf(batchId: string): Promise<Traces> {
  const { ledger } = study.as('auditor');
  return {
    ledger: await Array.fromAsync(queryItems(ledger, batchId, '')),
    mails: mailsOf(batchId),
  };
}

const mailsOf = (batchId: string): string[] =>
  study.cloud
    .mails()
    .map(({ subject }) => subject)
    .filter((subject) => subject.includes(batchId));

describe('an execution that the operator stops in the middle of its work', () => {
  it('is ABORTED without a state of its own that cleans up', () => {
    expect(stopped.execution).toMatchObject({ status: 'ABORTED' });
    expect(stopped.states).toContain('Process');
    expect(stopped.states.filter((name) => name.startsWith('Terminate'))).toEqual([]);
  });

  it('had plaintext on its workers, of which none is left on the disk', async () => {
    const left = await countCanariesBelow(study.directory, canaries);

    expect(plaintext).toBeGreaterThan(0);
    expect(left.files).toBeGreaterThan(100);
    expect(left.found).toBe(0);
  });

  it('leaves no instance, process, directory, grant or queue', async () => {
    const folder = join(study.directory, 'ec2');

    expect(await remnantsOf(stopped.batch?.batchId ?? '', stopped.executionArn)).toEqual({
      instances: 0,
      volumes: 0,
      networkInterfaces: 0,
      grants: 0,
      queues: 0,
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('i-'))).toEqual([]);
    expect(machineProcesses(folder)).toEqual([]);
  });

  it('ends its batch FAILED with the reason, in the ledger and in one mail', () => {
    expect(stopped.batch).toMatchObject({ state: 'FAILED', reason: 'ExecutionAborted' });
    expect(mailsOf(stopped.batch?.batchId ?? '-')).toEqual([
      expect.stringContaining('working'),
      expect.stringContaining('FAILED'),
    ]);
  });

  it('is swept once by its event; the hourly sweep finds nothing to do', () => {
    expect(sweeps).toHaveLength(4);
    expect(sweeps.filter(({ batches }) => batches > 0)).toEqual([
      {
        ...nothingSwept,
        ...{ batches: 1, instances: 2, grants: 2, queues: 1 },
        ...{ closed: 1, mails: 1, evidence: 1 },
      },
    ]);
    expect(sweeps.filter(({ batches }) => batches === 0)).toEqual(Array(3).fill(nothingSwept));
    expect(sweptAgain).toEqual(written);
  });
});

describe('a batch that runs while another one is swept', () => {
  it('keeps its instances, volumes, grants and queue', () => {
    expect(before).toMatchObject({ instances: 2, grants: 2, queues: 1 });
    expect(after).toEqual(before);
  });

  it('ends SUCCEEDED with every object done once, by the workers it began with', () => {
    expect(other.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(other.objects.map(({ state, attempts }) => ({ state, attempts }))).toEqual(
      Array(13).fill({ state: 'DONE', attempts: 1 }),
    );
    expect(other.states.filter((name) => name === 'Launch Worker')).toHaveLength(2);
    expect(mailsOf(other.batch?.batchId ?? '-')).toHaveLength(3);
  });
});
