import {
  DeleteNetworkInterfaceCommand,
  DeleteVolumeCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestCloud, type TestCloud } from './test-cloud.ts';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const Tags = [{ Key: 'czar:batch', Value: 'BCDF' }];
/** The template's own tags are there, too. */
const tagged = expect.arrayContaining(Tags) as unknown;
const TagSpecifications = (['instance', 'volume', 'network-interface'] as const).map(
  (ResourceType) => ({ ResourceType, Tags }),
);

/** Volumes and interfaces, as the API tells of them. */
async function attachments() {
  const { Volumes = [] } = await cloud.ec2.send(new DescribeVolumesCommand({}));
  const { NetworkInterfaces = [] } = await cloud.ec2.send(new DescribeNetworkInterfacesCommand({}));
  return { volumes: Volumes, interfaces: NetworkInterfaces };
}

/** Ends an instance that leaves its two volumes and its interface behind. */
async function leaveOrphans(): Promise<void> {
  const instanceId = await cloud.launch({ TagSpecifications });
  const instance = cloud.instance(instanceId);
  instance.deleteOnTermination = false;
  await cloud.ec2Service.fleet.crash(instance);
  await cloud.untilState(instanceId, 'terminated');
}

describe('an instance that does not take its volumes and its interface with it', () => {
  it('leaves them available, with their tags', async () => {
    cloud = await startTestCloud();

    await leaveOrphans();

    const { volumes, interfaces } = await attachments();
    expect(volumes).toHaveLength(2);
    expect(interfaces).toHaveLength(1);
    for (const volume of volumes)
      expect(volume).toMatchObject({ State: 'available', Tags: tagged });
    expect(volumes.flatMap(({ Attachments }) => Attachments ?? [])).toEqual([]);
    expect(interfaces[0]).toMatchObject({ Status: 'available', TagSet: tagged });
    expect(interfaces[0]).not.toHaveProperty('Attachment');
  });

  it('has them found by their status, apart from those that are in use', async () => {
    cloud = await startTestCloud();
    await leaveOrphans();
    await cloud.launch({ TagSpecifications });

    const found = async (status: string) => {
      const Filters = [{ Name: 'status', Values: [status] }];
      const { Volumes } = await cloud.ec2.send(new DescribeVolumesCommand({ Filters }));
      const { NetworkInterfaces } = await cloud.ec2.send(
        new DescribeNetworkInterfacesCommand({ Filters }),
      );
      return [Volumes?.length, NetworkInterfaces?.length];
    };

    expect(await found('available')).toEqual([2, 1]);
    expect(await found('in-use')).toEqual([2, 1]);
  });

  it('has them deleted one by one, and then there are none', async () => {
    cloud = await startTestCloud();
    await leaveOrphans();
    const { volumes, interfaces } = await attachments();

    for (const { VolumeId } of volumes) await cloud.ec2.send(new DeleteVolumeCommand({ VolumeId }));
    const { NetworkInterfaceId } = interfaces[0]!;
    await cloud.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));

    expect(await attachments()).toEqual({ volumes: [], interfaces: [] });
    expect(cloud.records.map(({ eventName }) => eventName)).toContain('DeleteVolume');
  });
});

describe('a deletion', () => {
  it('is refused for what hangs on an instance', async () => {
    cloud = await startTestCloud();
    await cloud.launch({ TagSpecifications });
    const { volumes, interfaces } = await attachments();
    const { VolumeId } = volumes[0]!;
    const { NetworkInterfaceId } = interfaces[0]!;

    await expect(cloud.ec2.send(new DeleteVolumeCommand({ VolumeId }))).rejects.toMatchObject({
      name: 'VolumeInUse',
    });
    await expect(
      cloud.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
    ).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    expect(await attachments()).toEqual({ volumes, interfaces });
  });

  it('is refused for what is not there', async () => {
    cloud = await startTestCloud();

    await expect(
      cloud.ec2.send(new DeleteVolumeCommand({ VolumeId: 'vol-0123456789abcdef0' })),
    ).rejects.toMatchObject({ name: 'InvalidVolume.NotFound' });
    await expect(
      cloud.ec2.send(
        new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: 'eni-0123456789abcdef0' }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidNetworkInterfaceID.NotFound' });
  });

  it('tells the policies the tags of what it deletes', async () => {
    cloud = await startTestCloud();
    await leaveOrphans();
    const { volumes } = await attachments();
    const { VolumeId } = volumes[0]!;

    await cloud.ec2.send(new DeleteVolumeCommand({ VolumeId }));

    expect(cloud.accesses.at(-1)).toMatchObject({
      action: 'ec2:DeleteVolume',
      resource: expect.stringContaining(`:volume/${VolumeId}`) as unknown,
      context: { 'aws:ResourceTag/czar:batch': 'BCDF' },
    });
  });
});
