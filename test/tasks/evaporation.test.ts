import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { KMSClient, ListGrantsCommand, RevokeGrantCommand } from '@aws-sdk/client-kms';
import { DeleteQueueCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { proveEvaporated } from '../../tasks/prove-evaporated/prove-evaporated.ts';
import { retireWorker } from '../../tasks/retire-worker/retire-worker.ts';
import { terminateWorkers } from '../../tasks/terminate-workers/terminate-workers.ts';
import { grantName, queueName } from '../../workflow/model/names.ts';
import { executionArn } from '../ledger/codes.ts';
import { awsError } from './aws-error.ts';
import { monday, run, runTags, slot, tagFilters } from './runs.ts';

const ec2 = mockClient(EC2Client);
const kms = mockClient(KMSClient);
const sqs = mockClient(SQSClient);
const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/data';
const queueUrl = 'https://sqs.us-east-1.amazonaws.com/111122223333/queue';
const place = { study: 'czarhipaa', ...run };
const deps = () => ({
  ec2: new EC2Client({}),
  kms: new KMSClient({}),
  sqs: new SQSClient({}),
  study: 'czarhipaa',
  keyArn,
  now: () => monday,
});

beforeEach(() => {
  ec2.reset();
  kms.reset();
  sqs.reset();
  world({});
});

/** What is there of the run. Grants come in pages of one. */
function world(has: {
  instances?: string[];
  volumes?: string[];
  interfaces?: string[];
  snapshots?: number;
  grants?: string[];
  queue?: boolean;
}): void {
  const { instances = [], volumes = [], interfaces = [], snapshots = 0, grants = [] } = has;
  const list = instances.map((Name, index) => ({
    InstanceId: `i-0000000000000000${index}`,
    State: { Name: Name as 'running' },
  }));
  ec2.on(DescribeInstancesCommand).resolves({ Reservations: [{ Instances: list }] });
  ec2
    .on(DescribeVolumesCommand)
    .resolves({ Volumes: volumes.map((State) => ({ State: State as 'in-use' })) });
  ec2
    .on(DescribeNetworkInterfacesCommand)
    .resolves({ NetworkInterfaces: interfaces.map((Status) => ({ Status: Status as 'in-use' })) });
  ec2
    .on(DescribeSnapshotsCommand)
    .resolves({ Snapshots: Array.from({ length: snapshots }, () => ({})) });
  ec2.on(TerminateInstancesCommand).resolves({});
  kms.on(RevokeGrantCommand).resolves({});
  kms.on(ListGrantsCommand).callsFake(({ Marker }: { Marker?: string }) => {
    const index = Number(Marker ?? 0);
    const isLast = index >= grants.length - 1;
    return {
      Grants: grants.slice(index, index + 1).map((Name) => ({ Name, GrantId: `id of ${Name}` })),
      ...(isLast ? { Truncated: false } : { Truncated: true, NextMarker: String(index + 1) }),
    };
  });
  if (has.queue === true) sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: queueUrl });
  else sqs.on(GetQueueUrlCommand).rejects(awsError('QueueDoesNotExist'));
  sqs.on(DeleteQueueCommand).resolves({});
}

const own = (workerIndex: number, attempt: number) => grantName(place, workerIndex, attempt);
const foreign = grantName({ ...place, executionArn: executionArn(2) }, 0, 1);
const revoked = () =>
  kms.commandCalls(RevokeGrantCommand).map(({ args: [{ input }] }) => input.GrantId);

describe('Retire Worker', () => {
  it('revokes the grant of this attempt and terminates its instance, and no other’s', async () => {
    world({ instances: ['running'], grants: [foreign, own(1, 1), own(1, 2), own(11, 1)] });

    const retired = await retireWorker(slot, deps());

    expect(retired).toEqual({ instances: 1, grants: 1 });
    expect(revoked()).toEqual([`id of ${own(1, 1)}`]);
    expect(ec2).toHaveReceivedCommandWith(DescribeInstancesCommand, {
      Filters: [
        ...tagFilters({ ...runTags, 'czar:redrive': '0', 'czar:worker': '1', 'czar:attempt': '1' }),
        {
          Name: 'instance-state-name',
          Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'],
        },
      ],
    });
  });

  it('does nothing to a worker that is gone', async () => {
    expect(await retireWorker(slot, deps())).toEqual({ instances: 0, grants: 0 });
    expect(ec2).not.toHaveReceivedCommand(TerminateInstancesCommand);
  });
});

describe('Terminate', () => {
  it('ends the run’s instances, grants and queue, and leaves those of another run', async () => {
    world({
      instances: ['running', 'pending'],
      grants: [own(0, 1), foreign, own(1, 3)],
      queue: true,
    });

    const ended = await terminateWorkers(run, deps());

    expect(ended).toEqual({ instances: 2, grants: 2, queues: 1 });
    expect(ec2).toHaveReceivedCommandWith(TerminateInstancesCommand, {
      InstanceIds: ['i-00000000000000000', 'i-00000000000000001'],
    });
    expect(revoked()).toEqual([`id of ${own(0, 1)}`, `id of ${own(1, 3)}`]);
    expect(sqs).toHaveReceivedCommandWith(GetQueueUrlCommand, { QueueName: queueName(place) });
    expect(sqs).toHaveReceivedCommandWith(DeleteQueueCommand, { QueueUrl: queueUrl });
  });

  it('ends what the runs before have left when the execution was redriven, and nothing of a later one', async () => {
    const grants = [0, 1, 2].map((redrive) => grantName({ ...place, redrive }, 0, 1));
    world({ instances: ['running'], grants, queue: true });

    await terminateWorkers({ ...run, redrive: 1 }, deps());

    expect(revoked()).toEqual(grants.slice(0, 2).map((name) => `id of ${name}`));
    const names = sqs
      .commandCalls(GetQueueUrlCommand)
      .map(({ args: [{ input }] }) => input.QueueName);
    expect(names).toEqual([0, 1].map((redrive) => queueName({ ...place, redrive })));
    const redrives = ec2
      .commandCalls(DescribeInstancesCommand)
      .map(({ args: [{ input }] }) => input.Filters?.find(({ Name }) => Name?.endsWith('redrive')));
    expect(redrives.map((filter) => filter?.Values)).toEqual([['0'], ['1']]);
  });

  it('finds nothing the second time', async () => {
    expect(await terminateWorkers(run, deps())).toEqual({ instances: 0, grants: 0, queues: 0 });
  });

  it('takes what is gone already for ended: a grant, a queue, the key itself', async () => {
    world({ grants: [own(0, 1)], queue: true });
    kms.on(RevokeGrantCommand).rejects(awsError('NotFoundException'));
    sqs.on(DeleteQueueCommand).rejects(awsError('AWS.SimpleQueueService.NonExistentQueue'));
    expect(await terminateWorkers(run, deps())).toEqual({ instances: 0, grants: 1, queues: 1 });

    kms.on(ListGrantsCommand).rejects(awsError('NotFoundException'));
    expect(await terminateWorkers(run, deps())).toMatchObject({ grants: 0 });
  });

  it('takes the key away and deletes the queue though EC2 fails, and fails then', async () => {
    world({ instances: ['running'], grants: [own(0, 1)], queue: true });
    ec2.on(TerminateInstancesCommand).rejects(awsError('RequestLimitExceeded'));

    await expect(terminateWorkers(run, deps())).rejects.toMatchObject({
      name: 'RequestLimitExceeded',
    });

    expect(revoked()).toHaveLength(1);
    expect(sqs).toHaveReceivedCommand(DeleteQueueCommand);
  });
});

describe('Prove Evaporated', () => {
  it('answers what it looked for, that there is none, and when', async () => {
    world({ grants: [foreign] });

    expect(await proveEvaporated(run, deps())).toEqual({
      instances: 0,
      volumes: 0,
      interfaces: 0,
      snapshots: 0,
      grants: 0,
      queues: 0,
      checkedAt: monday.toISOString(),
    });
    for (const command of [DescribeVolumesCommand, DescribeNetworkInterfacesCommand]) {
      expect(ec2).toHaveReceivedCommandWith(command, { Filters: tagFilters(runTags) });
    }
    expect(ec2).toHaveReceivedCommandWith(DescribeSnapshotsCommand, { OwnerIds: ['self'] });
  });

  it('looks for what any run of the execution has left', async () => {
    world({ grants: [grantName({ ...place, redrive: 0 }, 0, 1)] });

    await expect(proveEvaporated({ ...run, redrive: 2 }, deps())).rejects.toMatchObject({
      name: 'StillEvaporatingError',
    });

    expect(sqs).toHaveReceivedCommandTimes(GetQueueUrlCommand, 3);
    expect(ec2).toHaveReceivedCommandWith(DescribeVolumesCommand, { Filters: tagFilters(runTags) });
  });

  it.each<[Parameters<typeof world>[0], string]>([
    [{ instances: ['shutting-down', 'shutting-down'] }, '2 instances'],
    [
      { instances: ['shutting-down'], volumes: ['in-use', 'deleting'], interfaces: ['in-use'] },
      '1 instances, 2 volumes, 1 interfaces',
    ],
    [{ volumes: ['deleting'] }, '1 volumes'],
    [{ grants: [own(0, 1)] }, '1 grants'],
    [{ queue: true }, '1 queues'],
  ])('waits for %j', async (has, told) => {
    world(has);

    await expect(proveEvaporated(run, deps())).rejects.toMatchObject({
      name: 'StillEvaporatingError',
      message: `of batch ${run.batchId} still end: ${told}`,
    });
  });

  it.each<[Parameters<typeof world>[0], string]>([
    [{ instances: ['running'] }, '1 instances'],
    [{ instances: ['pending', 'shutting-down'] }, '1 instances'],
    [{ instances: ['stopped'], volumes: ['in-use'] }, '1 instances, 1 volumes'],
    [{ volumes: ['available'] }, '1 volumes'],
    [{ interfaces: ['available'], grants: [own(0, 1)] }, '1 interfaces'],
    [{ snapshots: 2 }, '2 snapshots'],
  ])('finds %j to be a remnant', async (has, told) => {
    world(has);

    await expect(proveEvaporated(run, deps())).rejects.toMatchObject({
      name: 'RemnantsError',
      message: `of batch ${run.batchId} there are left: ${told}`,
    });
  });

  it('does not take a failure to look for a proof', async () => {
    ec2.on(DescribeVolumesCommand).rejects(awsError('UnauthorizedOperation', { status: 403 }));

    await expect(proveEvaporated(run, deps())).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
    });
  });
});
