import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { launchWorker } from '../../tasks/launch-worker/launch-worker.ts';
import { awsError } from './aws-error.ts';
import { instanceId, runTags, liveSlot } from './runs.ts';

const ec2 = mockClient(EC2Client);
const launch = (more: { redrive?: number; workerIndex?: number; attempt?: number } = {}) =>
  launchWorker(
    { ...liveSlot, tenancy: 'dedicated', instanceType: 'm7i.large', ...more },
    {
      ec2: new EC2Client({}),
      study: 'czarhipaa',
      launchTemplate: { id: 'lt-1', version: '7' },
      subnetIds: ['subnet-a', 'subnet-b'],
    },
  );
const requests = () => ec2.commandCalls(RunInstancesCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  ec2.reset();
  ec2.on(RunInstancesCommand).resolves({ Instances: [{ InstanceId: instanceId }] });
});

describe('Launch Worker', () => {
  it('launches one instance of the template with the request’s tenancy and type', async () => {
    const launched = await launch();

    expect(launched).toEqual({ instanceId });
    expect(requests()).toEqual([
      expect.objectContaining({
        MinCount: 1,
        MaxCount: 1,
        LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '7' },
        InstanceType: 'm7i.large',
        Placement: { Tenancy: 'dedicated' },
        SubnetId: 'subnet-b',
      }),
    ]);
  });

  it('tags the instance, its volumes and its interface with the run and the worker', async () => {
    await launch();

    const specifications = requests()[0]?.TagSpecifications ?? [];
    expect(specifications.map(({ ResourceType }) => ResourceType)).toEqual([
      'instance',
      'volume',
      'network-interface',
    ]);
    for (const { Tags = [] } of specifications) {
      expect(Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]))).toEqual({
        ...runTags,
        'czar:redrive': '0',
        'czar:worker': '1',
        'czar:attempt': '1',
        Name: 'czarhipaa-worker-1',
      });
    }
  });

  it('sends the same client token for the same attempt, and another for each other one', async () => {
    await launch();
    await launch();
    await launch({ attempt: 2 });
    await launch({ workerIndex: 2 });
    await launch({ redrive: 1 });

    const [first, repeated, ...others] = requests().map(({ ClientToken }) => ClientToken);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(repeated).toBe(first);
    expect(new Set([first, ...others]).size).toBe(4);
  });

  it('deals workers out over the zones, and takes the next zone for a second attempt', async () => {
    await launch({ workerIndex: 0 });
    await launch({ workerIndex: 1 });
    await launch({ workerIndex: 0, attempt: 2 });

    expect(requests().map(({ SubnetId }) => SubnetId)).toEqual([
      'subnet-a',
      'subnet-b',
      'subnet-b',
    ]);
  });

  it.each([
    ['InsufficientInstanceCapacity', 'InsufficientCapacityError'],
    ['InsufficientFreeAddressesInSubnet', 'InsufficientCapacityError'],
    ['InsufficientHostCapacity', 'InsufficientCapacityError'],
    ['VcpuLimitExceeded', 'QuotaExceededError'],
    ['InstanceLimitExceeded', 'QuotaExceededError'],
    ['VolumeLimitExceeded', 'QuotaExceededError'],
  ])('turns %s into %s', async (name, code) => {
    const cause = awsError(name);
    ec2.on(RunInstancesCommand).rejects(cause);

    const failure = await launch().catch((error: unknown) => error as Error);

    expect(failure).toMatchObject({ name: code, cause });
    expect((failure as Error).message).not.toContain('CANARY');
  });

  it('leaves other errors alone, and takes an answer without an instance for none', async () => {
    ec2.on(RunInstancesCommand).rejectsOnce(awsError('InvalidParameterValue')).resolves({});

    await expect(launch()).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(launch()).rejects.toMatchObject({ name: 'ContractError' });
  });
});
