import * as z from 'zod';
import { badToken, describeTags, paged } from './describe-instances.ts';
import { createFilter, type FilterFields, Filters } from './filter.ts';
import type { MadeInterface, MadeVolume } from './attachments.ts';
import type { Fleet } from './fleet.ts';
import { takePage } from './page.ts';
import type { XmlValue } from './query-response.ts';

export const DescribeVolumesInput = z.strictObject({ Filter: Filters, ...paged });
export const DescribeInterfacesInput = z.strictObject({ Filter: Filters, ...paged });
export const DescribeSnapshotsInput = z.strictObject({
  Filter: Filters,
  Owner: z.array(z.literal('self')).optional(),
  ...paged,
});

interface Made {
  readonly isAttached: boolean;
  readonly instance: { readonly instanceId: string };
}

const statusOf = ({ isAttached }: Made): string => (isAttached ? 'in-use' : 'available');
const attachedTo = ({ isAttached, instance }: Made): string =>
  isAttached ? instance.instanceId : '';

const volumeFields: FilterFields<MadeVolume> = {
  'attachment.instance-id': attachedTo,
  encrypted: () => 'true',
  status: statusOf,
  'volume-id': ({ volume }) => volume.volumeId,
};

const interfaceFields: FilterFields<MadeInterface> = {
  'attachment.instance-id': attachedTo,
  'network-interface-id': ({ instance }) => instance.networkInterfaceId,
  status: statusOf,
  'subnet-id': ({ instance }) => instance.subnet.subnetId,
  'vpc-id': ({ instance }) => instance.subnet.vpcId,
};

/** Lists volumes: they go with their instance, unless it left them behind. */
export function describeVolumes(
  input: z.infer<typeof DescribeVolumesInput>,
  fleet: Fleet,
): Record<string, XmlValue> {
  const passes = createFilter(input.Filter, volumeFields, ({ instance }) => instance.tags.volume);
  const { items, nextToken } = takePage(
    fleet.attachments.volumes().filter(passes),
    ({ volume }) => volume.volumeId,
    { size: input.MaxResults, token: input.NextToken },
    badToken,
  );
  return { volumeSet: items.map(describeVolume), nextToken };
}

function describeVolume(made: MadeVolume): XmlValue {
  const { instance, volume, isAttached } = made;
  const { volumeId } = volume;
  return {
    volumeId,
    size: volume.sizeGiB,
    volumeType: volume.type,
    encrypted: true,
    kmsKeyId: volume.kmsKeyId,
    availabilityZone: instance.subnet.availabilityZone,
    status: statusOf(made),
    createTime: instance.launchedAt,
    attachmentSet: isAttached
      ? [
          {
            volumeId,
            instanceId: instance.instanceId,
            device: volume.deviceName,
            status: 'attached',
            attachTime: instance.launchedAt,
            deleteOnTermination: instance.deleteOnTermination,
          },
        ]
      : [],
    tagSet: describeTags(instance.tags.volume),
  };
}

/** Lists network interfaces: one of each instance, which goes with it unless it was left behind. */
export function describeNetworkInterfaces(
  input: z.infer<typeof DescribeInterfacesInput>,
  fleet: Fleet,
): Record<string, XmlValue> {
  const tagsOf = ({ instance }: MadeInterface) => instance.tags['network-interface'];
  const passes = createFilter(input.Filter, interfaceFields, tagsOf);
  const { items, nextToken } = takePage(
    fleet.attachments.interfaces().filter(passes),
    ({ instance }) => instance.networkInterfaceId,
    { size: input.MaxResults, token: input.NextToken },
    badToken,
  );
  return {
    networkInterfaceSet: items.map((made) => {
      const { instance, isAttached } = made;
      const { networkInterfaceId, subnet, privateIpAddress, instanceId } = instance;
      return {
        networkInterfaceId,
        subnetId: subnet.subnetId,
        vpcId: subnet.vpcId,
        availabilityZone: subnet.availabilityZone,
        privateIpAddress,
        status: statusOf(made),
        ...(isAttached && { attachment: { instanceId, deviceIndex: 0, status: 'attached' } }),
        tagSet: describeTags(tagsOf(made)),
      };
    }),
    nextToken,
  };
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
