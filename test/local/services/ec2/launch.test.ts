import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import {
  launchWorker,
  type LaunchWorkerInput,
} from '../../../../tasks/launch-worker/launch-worker.ts';
import { startTestCloud, type TestCloud } from './test-cloud.ts';
import { profileArn, storageKeyArn } from './worker-template.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const slot: LaunchWorkerInput = {
  batchId: 'BCDFGHJK',
  executionArn: 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa:run-1',
  redrive: 0,
  redriven: false,
  workerIndex: 1,
  attempt: 1,
  tenancy: 'dedicated',
  instanceType: 'm7i.xlarge',
};

describe('RunInstances', () => {
  it('launches what the Launch Worker task asks for, as the SDK reads it', async () => {
    cloud = await startTestCloud();

    const { instanceId } = await launchWorker(slot, {
      ec2: cloud.ec2,
      study: 'czarhipaa',
      launchTemplate: { id: cloud.launchTemplateId, version: '1' },
      subnetIds: [cloud.subnetId],
    });

    expect(instanceId).toMatch(/^i-[0-9a-f]{17}$/);
    const { Reservations } = await cloud.ec2.send(new DescribeInstancesCommand({}));
    const [instance] = Reservations![0]!.Instances!;
    expect(instance).toMatchObject({
      InstanceId: instanceId,
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: 'm7i.xlarge',
      Placement: { AvailabilityZone: 'us-east-1a', Tenancy: 'dedicated' },
      SubnetId: cloud.subnetId,
      VpcId: cloud.vpcId,
      PrivateIpAddress: '10.0.128.4',
      IamInstanceProfile: { Arn: profileArn },
      SecurityGroups: [{ GroupId: 'sg-0123456789abcdef0' }],
      RootDeviceName: '/dev/xvda',
    });
    expect(instance!.LaunchTime).toBeInstanceOf(Date);
    expect(Object.fromEntries(instance!.Tags!.map(({ Key, Value }) => [Key, Value]))).toEqual({
      Name: 'czarhipaa-worker-1',
      'czar:attempt': '1',
      'czar:batch': 'BCDFGHJK',
      'czar:execution': 'run-1',
      'czar:redrive': '0',
      'czar:study': 'czarhipaa',
      'czar:worker': '1',
    });
  });

  it('is pending first, and running once the machine is up', async () => {
    cloud = await startTestCloud();

    const answer = await cloud.ec2.send(
      new RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        LaunchTemplate: { LaunchTemplateId: cloud.launchTemplateId, Version: '$Latest' },
        SubnetId: cloud.subnetId,
      }),
    );

    const [instance] = answer.Instances!;
    expect(instance!.State).toEqual({ Code: 0, Name: 'pending' });
    await cloud.untilState(instance!.InstanceId!, 'running');
  });

  it('gives volumes and an interface, tagged and encrypted, which go with the instance', async () => {
    cloud = await startTestCloud();
    const tags = [{ Key: 'czar:batch', Value: 'BCDFGHJK' }];
    const TagSpecifications = [
      { ResourceType: 'volume' as const, Tags: tags },
      { ResourceType: 'network-interface' as const, Tags: tags },
    ];
    const instanceId = await cloud.launchOnline({ TagSpecifications });
    const Filters = [{ Name: 'tag:czar:batch', Values: ['BCDFGHJK'] }];
    const find = async () => {
      const { Volumes } = await cloud.ec2.send(new DescribeVolumesCommand({ Filters }));
      const found = await cloud.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
      return { volumes: Volumes ?? [], interfaces: found.NetworkInterfaces ?? [] };
    };

    const before = await find();
    await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
    const during = await find();
    await cloud.untilState(instanceId, 'terminated');
    const after = await find();

    expect(before.volumes.map(({ Size }) => Size).sort()).toEqual([100, 16]);
    for (const volume of before.volumes) {
      expect(volume).toMatchObject({ Encrypted: true, KmsKeyId: storageKeyArn, State: 'in-use' });
      expect(volume.VolumeId).toMatch(/^vol-[0-9a-f]{17}$/);
      expect(volume.Attachments![0]).toMatchObject({ InstanceId: instanceId });
    }
    expect(before.interfaces[0]).toMatchObject({ Status: 'in-use', VpcId: cloud.vpcId });
    expect(before.interfaces[0]!.NetworkInterfaceId).toMatch(/^eni-[0-9a-f]{17}$/);
    expect([during.volumes.length, during.interfaces.length]).toEqual([2, 1]);
    expect(after).toEqual({ volumes: [], interfaces: [] });
  });

  it('gives each instance of a subnet an address of its own', async () => {
    cloud = await startTestCloud();

    const ids = [await cloud.launch(), await cloud.launch()];

    expect(ids.map((id) => cloud.instance(id).privateIpAddress)).toEqual([
      '10.0.128.4',
      '10.0.128.5',
    ]);
  });

  it('writes who launched what to the access log, with its tags and its id', async () => {
    cloud = await startTestCloud();

    const instanceId = await cloud.launch({
      ClientToken: 'token-1',
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'czar:batch', Value: 'B' }] }],
    });

    expect(cloud.records.at(-1)).toMatchObject({
      eventName: 'RunInstances',
      readOnly: false,
      requestParameters: {
        clientToken: 'token-1',
        tagSpecificationSet: { items: [{ tags: [{ key: 'czar:batch', value: 'B' }] }] },
      },
      responseElements: { instancesSet: { items: [{ instanceId }] } },
    });
  });
});

describe('a launch that is refused', () => {
  it('fails beyond the quota, until an instance ends', async () => {
    cloud = await startTestCloud({ instanceQuota: 1 });
    const instanceId = await cloud.launch();

    await expect(cloud.launch()).rejects.toMatchObject({ name: 'VcpuLimitExceeded' });

    await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
    await expect(cloud.launch()).resolves.not.toBe(instanceId);
  });

  it('fails where EC2 has no room, with an error that SDKs try again', async () => {
    cloud = await startTestCloud();
    cloud.ec2Service.limits.capacity = 0;

    const refused = cloud.launch();

    await expect(refused).rejects.toMatchObject({
      name: 'InsufficientInstanceCapacity',
      $metadata: { httpStatusCode: 500, attempts: 3 },
    });
  });

  it.each([
    [
      'an unknown template',
      { LaunchTemplate: { LaunchTemplateId: 'lt-0' } },
      'InvalidLaunchTemplateId.NotFound',
    ],
    ['an unknown subnet', { SubnetId: 'subnet-0' }, 'InvalidSubnetID.NotFound'],
    ['two at once', { MaxCount: 2 }, 'InvalidParameterValue'],
    ['a tenancy that is not there', { Placement: { Tenancy: 'host' } }, 'InvalidParameterValue'],
  ] as const)('fails for %s', async (_, more, name) => {
    cloud = await startTestCloud();

    await expect(cloud.launch(more)).rejects.toMatchObject({ name });

    expect(cloud.ec2Service.fleet.all()).toEqual([]);
  });

  it('fails for a version of the template that does not exist', async () => {
    cloud = await startTestCloud();
    const LaunchTemplate = { LaunchTemplateId: cloud.launchTemplateId, Version: '2' };

    await expect(cloud.launch({ LaunchTemplate })).rejects.toMatchObject({
      name: 'InvalidLaunchTemplateId.VersionNotFound',
    });
  });

  it.each([
    ['KeyName', { KeyName: 'id' }],
    ['UserData', { UserData: 'IyEvYmluL2Jhc2gK' }],
    ['Placement.HostId', { Placement: { HostId: 'h-1' } }],
    [
      'TagSpecification.1.ResourceType',
      { TagSpecifications: [{ ResourceType: 'snapshot' as const, Tags: [] }] },
    ],
  ])('names the parameter %s, which it does not support', async (parameter, more) => {
    cloud = await startTestCloud();

    await expect(cloud.launch(more)).rejects.toMatchObject({
      message: expect.stringMatching(
        `^(EC2 RunInstances: parameter ${parameter} is not supported|1 validation error detected: Value at '${parameter}' failed)`,
      ) as string,
    });
  });
});
