import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkWorkbench } from '../../../tasks/check-workbench/check-workbench.ts';
import { instanceId } from '../runs.ts';
import { ingestMachineArn, ingestRun, minutesLater } from './ingest-runs.ts';

const ec2 = mockClient(EC2Client);
const sfn = mockClient(SFNClient);
const ssm = mockClient(SSMClient);
const own = ingestRun(5);

beforeEach(() => {
  for (const mock of [ec2, sfn, ssm]) mock.reset();
  workbenches('running');
  online(instanceId);
  running([5, 0]);
});

function workbenches(...states: string[]): void {
  ec2.on(DescribeInstancesCommand).resolves({
    Reservations: [
      {
        Instances: states.map((Name, index) => ({
          InstanceId: index === 0 ? instanceId : `i-0000000000000000${index}`,
          State: { Name: Name as 'running' },
        })),
      },
    ],
  });
}

function online(...ids: string[]): void {
  ssm.on(DescribeInstanceInformationCommand).resolves({
    InstanceInformationList: ids.map((InstanceId) => ({ InstanceId, PingStatus: 'Online' })),
  });
}

/** Executions that run: the number, and how many milliseconds after its minute it began. */
function running(...runs: [number, number][]): void {
  sfn.on(ListExecutionsCommand).resolves({
    executions: runs.map(([number, ms]) => ({
      executionArn: ingestRun(number).executionArn,
      stateMachineArn: ingestMachineArn,
      name: `run-${number}`,
      status: 'RUNNING' as const,
      startDate: new Date(Date.parse(ingestRun(number).startedAt) + ms),
    })),
  });
}

const check = (request: unknown = {}) =>
  checkWorkbench(
    { ...own, stateMachineArn: ingestMachineArn, request },
    {
      ec2: new EC2Client({}),
      sfn: new SFNClient({}),
      ssm: new SSMClient({}),
      study: 'czarhipaa',
      now: () => minutesLater(6),
    },
  );

describe('Check Workbench', () => {
  it('finds the one instance of the study that is the workbench', async () => {
    const answer = await check();

    expect(answer).toEqual({
      instanceId,
      seal: [],
      checkedAt: minutesLater(6).toISOString(),
    });
    expect(ec2.commandCalls(DescribeInstancesCommand)[0]!.args[0].input.Filters).toEqual([
      { Name: 'tag:czar:study', Values: ['czarhipaa'] },
      { Name: 'tag:czar:system', Values: ['workbench'] },
      {
        Name: 'instance-state-name',
        Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'],
      },
    ]);
  });

  it('passes on the days that a person wants sealed', async () => {
    expect(await check({ seal: ['2026-11-22'] })).toMatchObject({ seal: ['2026-11-22'] });
  });

  it.each([
    ['a word for a day', { seal: ['CANARY Jane Doe'] }, 'seal.0 invalid_format'],
    ['a field that is none', { 'CANARY Jane': 1 }, 'request unrecognized_keys'],
    ['an event in place of an input', 'CANARY Jane', 'request invalid_type'],
    ['days without an end', { seal: Array(32).fill('2026-11-22') }, 'seal too_big'],
  ])('refuses %s, and names the field but not what is in it', async (_, request, told) => {
    const refused = check(request);

    await expect(refused).rejects.toMatchObject({ name: 'RequestRefusedError' });
    await expect(refused).rejects.toThrow(told);
    await expect(refused).rejects.not.toThrow(/CANARY|Jane/);
    expect(ec2).not.toHaveReceivedAnyCommand();
  });

  it.each<[string, [number, number][]]>([
    [
      'an older one',
      [
        [4, 0],
        [5, 0],
      ],
    ],
    [
      'one that is older by a millisecond',
      [
        [4, 59_999],
        [5, 0],
      ],
    ],
    [
      'one of the same millisecond whose ARN sorts first',
      [
        [4, 60_000],
        [5, 0],
      ],
    ],
  ])('gives way to %s', async (_, runs) => {
    running(...runs);

    await expect(check()).rejects.toMatchObject({ name: 'IngestBusyError' });
  });

  it.each<[string, [number, number][]]>([
    [
      'a younger one',
      [
        [5, 0],
        [6, 0],
      ],
    ],
    [
      'one of the same millisecond whose ARN sorts later',
      [
        [5, 0],
        [6, -60_000],
      ],
    ],
    ['nobody where the list does not even have itself', []],
  ])('does not give way to %s', async (_, runs) => {
    running(...runs);

    expect(await check()).toMatchObject({ instanceId });
  });

  it('finds an older run on a later page', async () => {
    const [older, self] = [4, 5].map((number) => ({
      executionArn: ingestRun(number).executionArn,
      stateMachineArn: ingestMachineArn,
      name: `run-${number}`,
      status: 'RUNNING' as const,
      startDate: new Date(ingestRun(number).startedAt),
    }));
    sfn
      .on(ListExecutionsCommand)
      .resolvesOnce({ executions: [self!], nextToken: 'more' })
      .resolves({ executions: [older!] });

    await expect(check()).rejects.toMatchObject({ name: 'IngestBusyError' });
  });

  it.each([
    ['stopped', 'WorkbenchStoppedError'],
    ['stopping', 'WorkbenchStoppedError'],
    ['shutting-down', 'WorkbenchStoppedError'],
    ['pending', 'WorkbenchUnreachableError'],
  ])('finds a workbench that is %s with %s', async (state, name) => {
    workbenches(state);

    await expect(check()).rejects.toMatchObject({ name });
  });

  it('finds no workbench at all', async () => {
    workbenches();

    await expect(check()).rejects.toThrow('there is no workbench');
  });

  it('takes the running one where the one before it still stops', async () => {
    workbenches('running', 'stopping');

    expect(await check()).toMatchObject({ instanceId });
  });

  it('does not choose between two that run', async () => {
    workbenches('running', 'running');

    await expect(check()).rejects.toMatchObject({ name: 'ContractError' });
  });

  it('finds a workbench whose agent does not answer', async () => {
    online();

    await expect(check()).rejects.toMatchObject({ name: 'WorkbenchUnreachableError' });
  });
});
