import { DescribeInstancesCommand, EC2Client, type InstanceStateName } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { awaitWorker, mostSecondsToOnline } from '../../tasks/await-worker/await-worker.ts';
import { functionSeconds } from '../../workflow/task-functions.ts';
import { instanceId, monday, liveSlot } from './runs.ts';

const ec2 = mockClient(EC2Client);
const ssm = mockClient(SSMClient);
let seconds: number;
let steps: number[];

beforeEach(() => {
  ec2.reset();
  ssm.reset();
  seconds = 0;
  steps = [];
});

/** What EC2 and SSM answer at a second of the wait. */
function world(instance: (second: number) => InstanceStateName | undefined, onlineFrom = Infinity) {
  ec2.on(DescribeInstancesCommand).callsFake(() => {
    const Name = instance(seconds);
    const Instances = Name === undefined ? [] : [{ InstanceId: instanceId, State: { Name } }];
    return { Reservations: [{ Instances }] };
  });
  ssm.on(DescribeInstanceInformationCommand).callsFake(() => ({
    InstanceInformationList: [
      { InstanceId: instanceId, PingStatus: seconds >= onlineFrom ? 'Online' : 'ConnectionLost' },
    ],
  }));
}

const wait = () =>
  awaitWorker(
    { ...liveSlot, instanceId },
    {
      ec2: new EC2Client({}),
      ssm: new SSMClient({}),
      now: () => new Date(monday.getTime() + seconds * 1000),
      sleep: (step) => {
        steps.push(step);
        seconds += step;
        return Promise.resolve();
      },
    },
  );

describe('Await Worker', () => {
  it('waits until the instance runs and its agent is online, in steps of up to 5 s', async () => {
    world((second) => (second < 10 ? 'pending' : 'running'), 20);

    const online = await wait();

    expect(online).toEqual({ instanceId, waitedSeconds: 20 });
    expect(steps).toEqual([1, 2, 3, 4, 5, 5]);
  });

  it('answers at once for a worker that is online', async () => {
    world(() => 'running', 0);

    expect(await wait()).toEqual({ instanceId, waitedSeconds: 0 });
    expect(steps).toEqual([]);
  });

  it('bears that EC2 does not know the instance yet', async () => {
    world((second) => (second < 30 ? undefined : 'running'), 0);

    expect((await wait()).waitedSeconds).toBe(30);
  });

  it.each<InstanceStateName>(['stopping', 'stopped', 'shutting-down', 'terminated'])(
    'tells at once that a worker is lost which is %s',
    async (state) => {
      world(() => state, 0);

      await expect(wait()).rejects.toMatchObject({ name: 'WorkerLostError' });
      expect(steps).toEqual([]);
    },
  );

  it('gives up an instance that does not appear for a minute', async () => {
    world(() => undefined);

    await expect(wait()).rejects.toThrow(`worker ${instanceId} does not exist`);
    expect(seconds).toBe(60);
  });

  it('gives up one that is not online in time, before its own time is over', async () => {
    world(() => 'running');

    await expect(wait()).rejects.toMatchObject({ name: 'WorkerLostError' });
    expect(seconds).toBe(mostSecondsToOnline);
    expect(functionSeconds['await-worker']).toBeGreaterThan(mostSecondsToOnline);
  });
});
