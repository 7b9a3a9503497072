import * as z from 'zod';
import type { CreatedResource, DeclaredResource, Surroundings } from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';
import type { Fleet } from './fleet.ts';
import { count, flag, tag, tenancy, userData, volume } from './machine-properties.ts';
import type { Network } from './network.ts';

/**
 * The properties of an `AWS::EC2::Instance` that the embedded EC2 takes. Monitoring and metadata
 * options have no effect, as for launch templates. It takes no public address: none is here.
 */
const Properties = z.strictObject({
  AvailabilityZone: z.string().optional(),
  BlockDeviceMappings: z.array(volume).min(1),
  IamInstanceProfile: z.string(),
  ImageId: z.string(),
  InstanceInitiatedShutdownBehavior: z.enum(['stop', 'terminate']).default('stop'),
  InstanceType: z.string(),
  MetadataOptions: z.strictObject({
    HttpEndpoint: z.literal('enabled').optional(),
    HttpTokens: z.literal('required'),
    HttpPutResponseHopLimit: count.optional(),
  }),
  Monitoring: flag.optional(),
  PropagateTagsToVolumeOnCreation: flag.default(false),
  SecurityGroupIds: z.array(z.string()).min(1),
  SubnetId: z.string(),
  Tags: z.array(tag).default([]),
  Tenancy: tenancy.default('default'),
  UserData: userData,
});

export interface DeclaredInstanceDependencies {
  readonly surroundings: Surroundings;
  readonly fleet: Fleet;
  readonly network: Network;
}

/**
 * Makes the instance that a template declares; it is there when its machine runs, and not only when
 * its user data has ended, as with CloudFormation.
 */
export async function createDeclaredInstance(
  resource: DeclaredResource,
  { surroundings, fleet, network }: DeclaredInstanceDependencies,
): Promise<CreatedResource> {
  const properties = readProperties(Properties, resource);
  const refuse = (property: string, reason: string): never => {
    const { stack, logicalId, type } = resource;
    throw new ResourcePropertyError(`${stack}/${logicalId} (${type}): ${property}: ${reason}`);
  };
  const subnet = network.subnet(properties.SubnetId) ?? refuse('SubnetId', 'no such subnet');
  if ((properties.AvailabilityZone ?? subnet.availabilityZone) !== subnet.availabilityZone) {
    refuse('AvailabilityZone', 'must be the subnet’s');
  }
  const tags = {
    ...resource.tags,
    ...Object.fromEntries(properties.Tags.map(({ Key, Value }) => [Key, Value])),
  };
  const { IamInstanceProfile: profile } = properties;
  const instance =
    fleet.launch({
      imageId: properties.ImageId,
      instanceType: properties.InstanceType,
      tenancy: properties.Tenancy,
      subnet,
      securityGroupIds: properties.SecurityGroupIds,
      clientToken: undefined,
      instanceProfileArn: profile.startsWith('arn:')
        ? profile
        : `arn:aws:iam::${surroundings.accountId}:instance-profile/${profile}`,
      roleArn: surroundings.principals.instanceProfileRole(profile),
      shutdownBehavior: properties.InstanceInitiatedShutdownBehavior,
      tags: {
        instance: tags,
        volume: properties.PropagateTagsToVolumeOnCreation ? tags : {},
        'network-interface': {},
      },
      volumes: properties.BlockDeviceMappings.map(({ DeviceName, Ebs }) => ({
        deviceName: DeviceName,
        sizeGiB: Ebs.VolumeSize,
        type: Ebs.VolumeType,
        kmsKeyId: Ebs.KmsKeyId,
      })),
      userData: properties.UserData,
    }) ?? refuse('SubnetId', 'the subnet has no free address');
  await instance.machine.ready;
  return {
    ref: instance.instanceId,
    attributes: {
      InstanceId: instance.instanceId,
      AvailabilityZone: subnet.availabilityZone,
      PrivateIp: instance.privateIpAddress,
      VpcId: subnet.vpcId,
    },
  };
}
