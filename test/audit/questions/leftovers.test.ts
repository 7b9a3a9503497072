import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { KMSClient, ListGrantsCommand } from '@aws-sdk/client-kms';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { findLeftovers } from '../../../audit/questions/find-leftovers.ts';
import { adviceOn } from '../../../audit/questions/leftover-advice.ts';
import { grantName, queueName } from '../../../workflow/model/names.ts';
import { batchId, executionArn } from '../../ledger/codes.ts';

const ec2 = mockClient(EC2Client);
const kms = mockClient(KMSClient);
const sfn = mockClient(SFNClient);
const sqs = mockClient(SQSClient);

const made = new Date('2026-03-02T08:00:00Z');
const since = made.toISOString();
const run = (number: number) => ({
  study: 'czarhipaa',
  batchId: batchId(number),
  executionArn: executionArn(number),
  redrive: 0,
});
const tags = (number: number) => [
  { Key: 'czar:batch', Value: batchId(number) },
  { Key: 'czar:execution', Value: `run-${number}` },
];
const workbench = [{ Key: 'czar:system', Value: 'workbench' }];

/** The first execution runs; the second one is over. Each has one of everything. */
beforeEach(() => {
  for (const mock of [ec2, kms, sfn, sqs]) mock.reset();
  sfn
    .on(ListExecutionsCommand)
    .resolves({ executions: [{ executionArn: executionArn(1) }] as never });
  const State = { Name: 'running' } as const;
  ec2.on(DescribeInstancesCommand).resolves({
    Reservations: [
      {
        Instances: [
          { InstanceId: 'i-1', State, LaunchTime: made, Tags: tags(1) },
          { InstanceId: 'i-2', State, LaunchTime: made, Tags: tags(2) },
          { InstanceId: 'i-3', State, LaunchTime: made, Tags: workbench },
          {
            InstanceId: 'i-4',
            State,
            LaunchTime: made,
            Tags: [{ Key: 'czar:system', Value: 'x' }],
          },
        ],
      },
    ],
  });
  ec2.on(DescribeVolumesCommand).resolves({
    Volumes: [
      { VolumeId: 'vol-2', State: 'available', CreateTime: made, Tags: tags(2) },
      { VolumeId: 'vol-3', Attachments: [{ InstanceId: 'i-3' }], Tags: [] },
    ],
  });
  ec2.on(DescribeNetworkInterfacesCommand).resolves({
    NetworkInterfaces: [{ NetworkInterfaceId: 'eni-2', Status: 'available', TagSet: tags(2) }],
  });
  ec2.on(DescribeSnapshotsCommand).resolves({ Snapshots: [{ SnapshotId: 'snap-9', Tags: [] }] });
  sqs.on(ListQueuesCommand).resolves({
    QueueUrls: [1, 2]
      .map((number) => `https://sqs/1/${queueName(run(number))}`)
      .concat(['https://sqs/1/czarhipaa-batch-Jane-Doe']),
  });
  const CreatedTimestamp = String(made.getTime() / 1000);
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { CreatedTimestamp } });
  kms.on(ListGrantsCommand).resolves({
    Grants: [
      { GrantId: 'g1', Name: grantName(run(1), 0, 1), CreationDate: made },
      { GrantId: 'g2', Name: grantName(run(2), 0, 1), CreationDate: made },
      { GrantId: 'g9', Name: 'Jane Doe', CreationDate: made },
    ],
  });
});

const look = () =>
  findLeftovers({
    study: 'czarhipaa',
    stateMachineArn: 'machine',
    dataKeyArn: 'key',
    ec2: new EC2Client(),
    kms: new KMSClient(),
    sfn: new SFNClient(),
    sqs: new SQSClient(),
    now: () => made,
  });

it('tells what is of no running execution, since when, and of which batch', async () => {
  const { left } = await look();

  expect(left.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    'instance i-2',
    'instance i-4',
    'volume vol-2',
    'interface eni-2',
    'snapshot snap-9',
    `queue ${queueName(run(2))}`,
    'queue a queue of another name',
    'grant g2',
    'grant g9',
  ]);
  expect(left[0]).toMatchObject({ state: 'running', since, batchId: batchId(2) });
  expect(left[5]).toMatchObject({ since, batchId: batchId(2) });
  expect(JSON.stringify(left)).not.toMatch(/jane/i);
});

it('tells apart what runs, and what the deployment keeps', async () => {
  const { running, longLived, executions } = await look();

  expect(running.map(({ id }) => id)).toEqual(['i-1', queueName(run(1)), 'g1']);
  expect(longLived).toMatchObject([
    { id: 'i-3', system: 'workbench' },
    { id: 'vol-3', system: 'workbench' },
  ]);
  expect(executions).toBe(1);
});

it('takes nothing for left over whose execution ended while it looked', async () => {
  sfn
    .on(ListExecutionsCommand)
    .resolvesOnce({ executions: [{ executionArn: executionArn(2) }] as never })
    .resolves({ executions: [] });

  const { running } = await look();

  expect(running.map(({ id }) => id)).toContain('i-2');
});

it('says what to do: wait, trust the sweep, or end it by hand', () => {
  const instance = { kind: 'instance', id: 'i-1' } as const;

  expect(adviceOn({ ...instance, state: 'shutting-down' })).toMatch(/look again/);
  expect(adviceOn({ kind: 'volume', id: 'vol-1', state: 'in-use' })).toMatch(/its? .*instance/);
  expect(adviceOn({ ...instance, batchId: batchId(1) })).toMatch(/^the hourly sweep ends it/);
  expect(adviceOn(instance)).toMatch(/^no run made it, .*terminate-instances --instance-ids i-1$/);
  expect(adviceOn({ kind: 'snapshot', id: 'snap-1', batchId: batchId(1) })).toMatch(/^no run/);
});
