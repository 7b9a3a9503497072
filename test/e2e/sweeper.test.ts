import { EC2Client } from '@aws-sdk/client-ec2';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRemnants, type Remnants } from '../../local/demo/check-evaporated.ts';
import type { Instance, InstanceState } from '../../local/services/ec2/instance.ts';
import { launchWorker } from '../../tasks/launch-worker/launch-worker.ts';
import { executionName, tagKeys } from '../../workflow/model/tags.ts';
import { freezeAtWork, thaw } from './support/hurt-workers.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { readSweeps } from './support/read-sweeps.ts';
import { type BatchEnd, ended, sealed, start, until } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { uploadStudy } from './support/upload-study.ts';

let study: StudyCloud;
let batchId: string;
let stopped: BatchEnd;
let retried: BatchEnd;
/** What the stopped run left that its own sweep could not end. */
let orphaned: Remnants;
/** What the batch had while its retry ran: before the late launch, and when that was swept. */
let before: Remnants;
let after: Remnants;
/** An instance that the stopped run launched while the retry ran, and how the retry's was then. */
let late: Instance;
let ownState: InstanceState | undefined;
/** Sweeps that were started before the retry ended. */
let sweepsStarted = 0;

/**
 * A batch is stopped, and its instance leaves its volumes and its interface behind. Then the batch is
 * retried, with a sweep every second from its start to its end. In the middle of its work a function
 * of the stopped execution, which was late, launches another instance.
 */
beforeAll(async () => {
  study = await startStudyCloud();
  const operator = study.as('operator');
  const { fleet } = study.cloud.services.ec2;
  batchId = await uploadStudy(study, 6);
  await sealed(operator, batchId);
  const request = { batchId, pipeline: 'vitals-summary', workers: 1 };
  const stoppedArn = await start(operator, request);
  const [first] = await freezeAtWork(study, batchId, 1);
  first!.instance.deleteOnTermination = false;
  thaw(first!.instance);
  await operator.sfn.send(new StopExecutionCommand({ executionArn: stoppedArn }));
  await until(async () => ((await readSweeps(study)).length > 0 ? true : undefined));
  await until(() => (first!.instance.state === 'terminated' ? true : undefined));
  stopped = await ended(operator, stoppedArn, batchId);
  orphaned = await remnants(stoppedArn);

  const executionArn = await start(operator, { ...request, retry: true });
  const sweeping = setInterval(() => {
    sweepsStarted += 1;
    study.cloud.services.events.triggerSchedule('EventsHourly');
  }, 1000);
  try {
    const name = executionName(executionArn);
    await until(() => fleet.all().find(({ tags }) => tags.instance[tagKeys.execution] === name));
    const [own] = await freezeAtWork(study, batchId, 1);
    await until(async () => ((await remnants(executionArn)).volumes === 2 ? true : undefined));
    before = await remnants(executionArn);
    late = await launchLate(stoppedArn);
    await until(() => (late.state === 'terminated' ? true : undefined));
    ownState = own?.instance.state;
    after = await remnants(executionArn);
    thaw(own!.instance);
    retried = await ended(operator, executionArn, batchId);
  } finally {
    clearInterval(sweeping);
  }
  await until(async () => ((await readSweeps(study)).length > sweepsStarted ? true : undefined));
});

afterAll(() => study.stop());

const remnants = (executionArn: string): Promise<Remnants> =>
  findRemnants(study.as('auditor'), { ...study.settings, batchId, executionArn });

/** Launches one more worker of an execution, as its function does, with that function's rights. */
async function launchLate(executionArn: string): Promise<Instance> {
  const { cloud, settings } = study;
  const records = await readAccessLog(study);
  const { requestParameters } = records.find(({ eventName }) => eventName === 'RunInstances')!;
  const { launchTemplate, subnetId } = requestParameters as {
    launchTemplate: { launchTemplateId: string; version: string };
    subnetId: string;
  };
  const ec2 = new EC2Client({
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: cloud.credentials('TasksLaunchWorkerRole', 'late'),
  });
  const { instanceId } = await launchWorker(
    {
      batchId,
      executionArn,
      redrive: 0,
      redriven: false,
      workerIndex: 0,
      attempt: 2,
      tenancy: 'dedicated',
      instanceType: 'm7i.large',
    },
    {
      ec2,
      study: settings.study,
      launchTemplate: { id: launchTemplate.launchTemplateId, version: launchTemplate.version },
      subnetIds: [subnetId],
    },
  );
  return cloud.services.ec2.fleet.find(instanceId)!;
}

describe('what a stopped execution leaves behind', () => {
  it('is ended by its own sweep, but for what its instance did not take with it', () => {
    expect(stopped.batch).toMatchObject({ state: 'FAILED', reason: 'ExecutionAborted' });
    expect(orphaned).toEqual({
      instances: 0,
      volumes: 2,
      networkInterfaces: 1,
      grants: 0,
      queues: 0,
    });
  });

  it('is deleted by the hourly sweep though a retry of the batch runs', async () => {
    const records = await readAccessLog(study);
    const deletions = records.filter(({ eventName }) =>
      ['DeleteVolume', 'DeleteNetworkInterface'].includes(eventName),
    );
    const done = deletions.filter(({ errorCode }) => errorCode === undefined);

    expect(done.map(({ eventName }) => eventName).toSorted()).toEqual([
      'DeleteNetworkInterface',
      'DeleteVolume',
      'DeleteVolume',
    ]);
  });

  it('is terminated by the hourly sweep where it was launched while a retry runs', () => {
    expect(late.tags.instance[tagKeys.execution]).toBe(executionName(stopped.executionArn));
    expect(late.stateReason?.code).toBe('Client.UserInitiatedShutdown');
    expect(ownState).toBe('running');
  });

  it('is recorded once, by the name that the alarm counts, too', async () => {
    const sweeps = (await readSweeps(study)).filter(({ outlived }) => outlived > 0);
    const sum = (key: 'volumes' | 'interfaces') =>
      sweeps.reduce((total, sweep) => total + sweep[key], 0);

    expect([sum('volumes'), sum('interfaces')]).toEqual([2, 1]);
    expect(sweeps).toContainEqual(
      expect.objectContaining({ instances: 1, volumes: 0, interfaces: 0, outlived: 1 }),
    );
  });
});

describe('a batch that runs with a sweep every second', () => {
  it('is swept while it runs, and keeps its instance, volumes, interface, grant and queue', () => {
    expect(sweepsStarted).toBeGreaterThanOrEqual(5);
    expect(before).toEqual({
      instances: 1,
      volumes: 2,
      networkInterfaces: 1,
      grants: 1,
      queues: 1,
    });
    expect(after).toEqual(before);
  });

  it('ends SUCCEEDED, by the worker it began with', () => {
    expect(retried.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(retried.batch).toMatchObject({ state: 'SUCCEEDED', runs: 2 });
    expect(retried.objects.map(({ state }) => state)).toEqual(Array(7).fill('DONE'));
    expect(retried.states.filter((name) => name === 'Launch Worker')).toHaveLength(1);
    expect(retried.states).not.toContain('Retire Worker');
  });

  it('announces each of its runs once', () => {
    const subjects = study.cloud.mails().map(({ subject }) => subject);

    expect(subjects).toEqual(
      ['working', 'FAILED', 'working', 'done', 'evaporated'].map((word): unknown =>
        expect.stringContaining(word),
      ),
    );
  });

  it('leaves nothing', async () => {
    expect(Object.values(await remnants(retried.executionArn))).toEqual([0, 0, 0, 0, 0]);
  });
});
