import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  paginateDescribeInstances,
  paginateDescribeVolumes,
  RebootInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../local/clock.ts';
import { findRemains } from '../../../../tasks/prove-evaporated/find-remains.ts';
import { findInstances, readInstances } from '../../../../tasks/run-instances/find-instances.ts';
import { terminateInstances } from '../../../../tasks/run-instances/terminate-instances.ts';
import { startTestCloud, type TestCloud } from './test-cloud.ts';

describe('what runs', () => {
  let cloud: TestCloud;
  let ids: string[];
  beforeAll(async () => {
    cloud = await startTestCloud();
    ids = [];
    for (const batch of ['BCDF', 'BCDF', 'BCDF', 'GHJK', 'GHJK', 'GHJK']) {
      const Tags = [{ Key: 'czar:batch', Value: batch }];
      ids.push(
        await cloud.launch({
          TagSpecifications: (['instance', 'volume', 'network-interface'] as const).map(
            (ResourceType) => ({ ResourceType, Tags }),
          ),
        }),
      );
    }
  });
  afterAll(() => cloud.stop());

  const found = async (input: DescribeInstancesCommandInput): Promise<number[]> => {
    const { Reservations } = await cloud.ec2.send(new DescribeInstancesCommand(input));
    const instances = (Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
    return instances.map(({ InstanceId }) => ids.indexOf(InstanceId!)).sort();
  };

  it.each([
    ['tag:czar:batch', ['BCDF'], [0, 1, 2]],
    ['tag:czar:batch', ['BCDF', 'GHJK'], [0, 1, 2, 3, 4, 5]],
    ['tag:czar:batch', ['B?D*'], [0, 1, 2]],
    ['tag:czar:batch', ['BCD.'], []],
    ['tag:constructor', ['*'], []],
    ['tag-key', ['czar:batch'], [0, 1, 2, 3, 4, 5]],
    ['instance-state-name', ['terminated'], []],
    ['tenancy', ['dedicated'], [0, 1, 2, 3, 4, 5]],
    ['instance-id', ['i-0123456789abcdef0'], []],
  ])('is found by the filter %s = %s', async (Name, Values, expected) => {
    const numbers = await found({ Filters: [{ Name, Values }] });

    expect(numbers).toEqual(expected);
  });

  it('has to pass all filters', async () => {
    const Filters = [
      { Name: 'tag:czar:batch', Values: ['BCDF'] },
      { Name: 'instance-id', Values: [ids[0]!, ids[5]!] },
    ];

    expect(await found({ Filters })).toEqual([0]);
  });

  it('refuses a filter that it does not know, whether anything is there or not', async () => {
    const Filters = [{ Name: 'dns-name', Values: ['x'] }];

    await expect(found({ Filters })).rejects.toThrow("filter 'dns-name' is not supported");
    await expect(
      cloud.ec2.send(new DescribeSnapshotsCommand({ Filters, OwnerIds: ['self'] })),
    ).rejects.toThrow("filter 'dns-name' is not supported");
  });

  it('is told page by page, each once', async () => {
    const pages: number[] = [];
    const seen = new Set<string>();

    for await (const page of paginateDescribeInstances({ client: cloud.ec2, pageSize: 5 }, {})) {
      pages.push(page.Reservations!.length);
      for (const { Instances } of page.Reservations!) seen.add(Instances![0]!.InstanceId!);
    }
    const volumes: string[] = [];
    for await (const page of paginateDescribeVolumes({ client: cloud.ec2, pageSize: 5 }, {})) {
      volumes.push(...page.Volumes!.map(({ VolumeId }) => VolumeId!));
    }

    expect(pages).toEqual([5, 1]);
    expect(seen.size).toBe(6);
    expect(new Set(volumes).size).toBe(12);
  });

  it.each([
    ['a page that is too small', { MaxResults: 1 }, 'InvalidParameterValue'],
    ['a token of its own making', { NextToken: 'x' }, 'InvalidNextToken'],
    ['ids and pages together', { InstanceIds: ['i-1'], MaxResults: 5 }, 'InvalidParameterValue'],
    ['an id that none has', { InstanceIds: ['i-0123456789abcdef0'] }, 'InvalidInstanceID.NotFound'],
    ['an id that is none', { InstanceIds: ['worker'] }, 'InvalidInstanceID.Malformed'],
  ])('refuses %s', async (_, input, name) => {
    await expect(found(input)).rejects.toMatchObject({ name });
  });

  it('answers the tasks that look for it', async () => {
    const scope = { study: 'czarhipaa', batchId: 'BCDF' };

    const inScope = await findInstances(cloud.ec2, scope);
    const known = await readInstances(cloud.ec2, [ids[0]!, 'i-0123456789abcdef0']);
    const remains = await findRemains(cloud.ec2, scope);

    expect(inScope).toHaveLength(3);
    expect(known).toMatchObject([{ instanceId: ids[0], batchId: 'BCDF' }]);
    expect(remains).toEqual([
      { kind: 'instances', ending: 0, staying: 3 },
      { kind: 'volumes', ending: 0, staying: 6 },
      { kind: 'interfaces', ending: 0, staying: 3 },
      { kind: 'snapshots', ending: 0, staying: 0 },
    ]);
  });

  it('names an operation that it does not support', async () => {
    const reboot = cloud.ec2.send(new RebootInstancesCommand({ InstanceIds: [ids[0]!] }));

    await expect(reboot).rejects.toThrow(
      'EC2 RebootInstances is not supported by the embedded cloud',
    );
    expect(cloud.records.at(-1)).toEqual({ eventName: 'RebootInstances', readOnly: false });
  });

  it('names a parameter that it does not support', async () => {
    const dry = cloud.ec2.send(new DescribeVolumesCommand({ DryRun: true }));

    await expect(dry).rejects.toThrow('EC2 DescribeVolumes: parameter DryRun is not supported');
  });
});

describe('what ended', () => {
  let cloud: TestCloud;
  afterAll(() => cloud.stop());

  it('is shown for an hour, and nothing of it remains', async () => {
    const clock = new VirtualClock();
    cloud = await startTestCloud({ clock });
    const instanceId = await cloud.launchOnline();
    const scope = { study: 'czarhipaa' };

    const terminated = await terminateInstances(cloud.ec2, scope);
    await cloud.untilState(instanceId, 'terminated');
    const remains = await findRemains(cloud.ec2, scope);
    await clock.advance(3_600_000);
    const within = await readInstances(cloud.ec2, [instanceId]);
    await clock.advance(1);
    const after = await readInstances(cloud.ec2, [instanceId]);

    expect(terminated).toBe(1);
    expect(remains.every(({ ending, staying }) => ending + staying === 0)).toBe(true);
    expect(within).toHaveLength(1);
    expect(after).toEqual([]);
  });
});
