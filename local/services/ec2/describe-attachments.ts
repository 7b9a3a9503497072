import * as z from 'zod';
import { badToken, describeTags, paged } from './describe-instances.ts';
import { createFilter, type FilterFields, Filters } from './filter.ts';
import type { Fleet } from './fleet.ts';
import { type Instance, isAlive, type Volume } from './instance.ts';
import { takePage } from './page.ts';
import type { XmlValue } from './query-response.ts';

export const DescribeVolumesInput = z.strictObject({ Filter: Filters, ...paged });
export const DescribeInterfacesInput = z.strictObject({ Filter: Filters, ...paged });
export const DescribeSnapshotsInput = z.strictObject({
  Filter: Filters,
  Owner: z.array(z.literal('self')).optional(),
  ...paged,
});

interface Attached {
  readonly instance: Instance;
  readonly volume: Volume;
}

const volumeFields: FilterFields<Attached> = {
  'attachment.instance-id': ({ instance }) => instance.instanceId,
  encrypted: () => 'true',
  status: () => 'in-use',
  'volume-id': ({ volume }) => volume.volumeId,
};

const interfaceFields: FilterFields<Instance> = {
  'attachment.instance-id': ({ instanceId }) => instanceId,
  'network-interface-id': ({ networkInterfaceId }) => networkInterfaceId,
  status: () => 'in-use',
  'subnet-id': ({ subnet }) => subnet.subnetId,
  'vpc-id': ({ subnet }) => subnet.vpcId,
};

/** Lists the volumes of instances that are not gone: they go with their instance. */
export function describeVolumes(
  input: z.infer<typeof DescribeVolumesInput>,
  fleet: Fleet,
): Record<string, XmlValue> {
  const passes = createFilter(input.Filter, volumeFields, ({ instance }) => instance.tags.volume);
  const volumes = fleet
    .all()
    .filter(isAlive)
    .flatMap((instance) => instance.volumes.map((volume) => ({ instance, volume })));
  const { items, nextToken } = takePage(
    volumes.filter(passes),
    ({ volume }) => volume.volumeId,
    { size: input.MaxResults, token: input.NextToken },
    badToken,
  );
  return { volumeSet: items.map(describeVolume), nextToken };
}

function describeVolume({ instance, volume }: Attached): XmlValue {
  const { volumeId } = volume;
  return {
    volumeId,
    size: volume.sizeGiB,
    volumeType: volume.type,
    encrypted: true,
    kmsKeyId: volume.kmsKeyId,
    availabilityZone: instance.subnet.availabilityZone,
    status: 'in-use',
    createTime: instance.launchedAt,
    attachmentSet: [
      {
        volumeId,
        instanceId: instance.instanceId,
        device: volume.deviceName,
        status: 'attached',
        attachTime: instance.launchedAt,
        deleteOnTermination: true,
      },
    ],
    tagSet: describeTags(instance.tags.volume),
  };
}

/** Lists the network interfaces of instances that are not gone: one each. */
export function describeNetworkInterfaces(
  input: z.infer<typeof DescribeInterfacesInput>,
  fleet: Fleet,
): Record<string, XmlValue> {
  const tagsOf = ({ tags }: Instance) => tags['network-interface'];
  const passes = createFilter(input.Filter, interfaceFields, tagsOf);
  const { items, nextToken } = takePage(
    fleet.all().filter(isAlive).filter(passes),
    ({ networkInterfaceId }) => networkInterfaceId,
    { size: input.MaxResults, token: input.NextToken },
    badToken,
  );
  const interfaces = items.map((instance) => ({
    networkInterfaceId: instance.networkInterfaceId,
    subnetId: instance.subnet.subnetId,
    vpcId: instance.subnet.vpcId,
    availabilityZone: instance.subnet.availabilityZone,
    privateIpAddress: instance.privateIpAddress,
    status: 'in-use',
    attachment: { instanceId: instance.instanceId, deviceIndex: 0, status: 'attached' },
    tagSet: describeTags(tagsOf(instance)),
  }));
  return { networkInterfaceSet: interfaces, nextToken };
}

/** Lists snapshots: there are none, because no operation here makes one. */
export function describeSnapshots(
  input: z.infer<typeof DescribeSnapshotsInput>,
): Record<string, XmlValue> {
  const noField = (): string => '';
  const fields = { status: noField, 'volume-id': noField, 'snapshot-id': noField };
  createFilter(input.Filter, fields, () => ({}));
  return { snapshotSet: [] };
}
