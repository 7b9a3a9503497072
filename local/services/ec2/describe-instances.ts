import * as z from 'zod';
import { ApiError } from '../../api.ts';
import { createFilter, Filters, type FilterFields } from './filter.ts';
import type { Fleet } from './fleet.ts';
import { describeState, type Instance, isAlive, type Tags } from './instance.ts';
import { takePage } from './page.ts';
import type { XmlValue } from './query-response.ts';

/** Where a Describe operation continues, and how much it tells at once. */
export const paged = {
  MaxResults: z.coerce.number().int().min(5).max(1000).optional(),
  NextToken: z.string().optional(),
};

/** EC2's word for a token that it did not give. */
export const badToken = 'InvalidNextToken';

export const DescribeInstancesInput = z
  .strictObject({ InstanceId: z.array(z.string()).optional(), Filter: Filters, ...paged })
  .refine(({ InstanceId, MaxResults }) => InstanceId === undefined || MaxResults === undefined, {
    message: 'cannot be given together with InstanceId',
    path: ['MaxResults'],
  });

const fields: FilterFields<Instance> = {
  'availability-zone': ({ subnet }) => subnet.availabilityZone,
  'client-token': ({ clientToken }) => clientToken ?? '',
  'instance-id': ({ instanceId }) => instanceId,
  'instance-state-name': ({ state }) => state,
  'instance-type': ({ instanceType }) => instanceType,
  'subnet-id': ({ subnet }) => subnet.subnetId,
  tenancy: ({ tenancy }) => tenancy,
  'vpc-id': ({ subnet }) => subnet.vpcId,
};

/** Finds an instance by id. Whoever calls has asked the policies before. */
export function findInstance(id: string, fleet: Fleet): Instance {
  const instance = fleet.find(id);
  if (instance !== undefined) return instance;
  if (!/^i-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id)) {
    throw new ApiError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  }
  throw new ApiError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
}

/** Lists instances, the ended ones of the last hour among them. */
export function describeInstances(
  input: z.infer<typeof DescribeInstancesInput>,
  fleet: Fleet,
): Record<string, XmlValue> {
  const passes = createFilter(input.Filter, fields, ({ tags }) => tags.instance);
  const meant = input.InstanceId?.map((id) => findInstance(id, fleet)) ?? fleet.all();
  const { items, nextToken } = takePage(
    meant.filter(passes),
    ({ instanceId }) => instanceId,
    { size: input.MaxResults, token: input.NextToken },
    badToken,
  );
  return { reservationSet: items.map(describeReservation), nextToken };
}

/** A launch as RunInstances answers it, and DescribeInstances later. */
export function describeReservation(instance: Instance): Record<string, XmlValue> {
  return { reservationId: instance.reservationId, instancesSet: [describeInstance(instance)] };
}

function describeInstance(instance: Instance): XmlValue {
  const { state, stateReason, subnet, tags } = instance;
  return {
    instanceId: instance.instanceId,
    imageId: instance.imageId,
    instanceState: describeState(state),
    reason: stateReason?.message ?? '',
    stateReason: stateReason && { ...stateReason },
    instanceType: instance.instanceType,
    amiLaunchIndex: 0,
    launchTime: instance.launchedAt,
    placement: { availabilityZone: subnet.availabilityZone, tenancy: instance.tenancy },
    clientToken: instance.clientToken ?? '',
    tagSet: describeTags(tags.instance),
    iamInstanceProfile: { arn: instance.instanceProfileArn },
    ...(isAlive(instance) ? describeAttachments(instance) : {}),
  };
}

/** What an instance has as long as it exists. */
function describeAttachments(instance: Instance): Record<string, XmlValue> {
  const { subnet, privateIpAddress, securityGroupIds, volumes, deleteOnTermination } = instance;
  const place = { subnetId: subnet.subnetId, vpcId: subnet.vpcId, privateIpAddress };
  const groupSet = securityGroupIds.map((groupId) => ({ groupId }));
  return {
    ...place,
    groupSet,
    rootDeviceType: 'ebs',
    rootDeviceName: volumes[0]?.deviceName,
    blockDeviceMapping: volumes.map(({ volumeId, deviceName }) => ({
      deviceName,
      ebs: { volumeId, status: 'attached', deleteOnTermination },
    })),
    networkInterfaceSet: [
      {
        ...place,
        networkInterfaceId: instance.networkInterfaceId,
        status: 'in-use',
        groupSet,
        attachment: { deviceIndex: 0, status: 'attached', deleteOnTermination },
      },
    ],
  };
}

export const describeTags = (tags: Tags): XmlValue =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));
