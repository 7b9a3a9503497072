import * as z from 'zod';
import { ApiError, type Call, type StorageKeys, type Surroundings } from '../../api.ts';
import { describeReservation } from './describe-instances.ts';
import type { Fleet } from './fleet.ts';
import { type Instance, taggedResources } from './instance.ts';
import { authorizeLaunch, authorizeTemplate } from './launch-authorization.ts';
import { collectTags, type LaunchTemplate, onlyVersion } from './launch-template.ts';
import type { Network } from './network.ts';
import type { XmlValue } from './query-response.ts';

const one = z.literal('1', { error: 'must be 1: the embedded cloud launches one at a time' });
const versions = [onlyVersion, '$Default', '$Latest'];

export const RunInstancesInput = z.strictObject({
  LaunchTemplate: z.strictObject({
    LaunchTemplateId: z.string(),
    Version: z.string().default('$Default'),
  }),
  MinCount: one,
  MaxCount: one,
  ClientToken: z.string().min(1).max(64).optional(),
  InstanceType: z.string().optional(),
  SubnetId: z.string(),
  Placement: z.strictObject({ Tenancy: z.enum(['default', 'dedicated']) }).optional(),
  TagSpecification: z
    .array(
      z.strictObject({
        ResourceType: z.enum(taggedResources),
        Tag: z.array(z.strictObject({ Key: z.string(), Value: z.string() })),
      }),
    )
    .default([]),
});
export type RunInstancesInput = z.infer<typeof RunInstancesInput>;

/** How many instances may live at once. A test changes them to see a launch refused. */
export interface Limits {
  /** The account's quota: beyond it a launch is refused with VcpuLimitExceeded. */
  quota: number;
  /** The room that EC2 has: beyond it a launch is refused with InsufficientInstanceCapacity. */
  capacity: number;
}

export interface LaunchDependencies {
  readonly surroundings: Surroundings;
  readonly fleet: Fleet;
  readonly network: Network;
  readonly storageKeys: StorageKeys;
  readonly templates: ReadonlyMap<string, LaunchTemplate>;
  readonly limits: Limits;
}

/**
 * Makes RunInstances: launches one instance from a launch template.
 *
 * A repeated ClientToken answers with the instance that it launched, running or ended; with other
 * parameters than then it is refused, as EC2 does. A launch that failed leaves its token unused.
 */
export function createRunInstances(
  deps: LaunchDependencies,
): (input: RunInstancesInput, call: Call) => Record<string, XmlValue> {
  const byToken = new Map<string, { readonly parameters: string; readonly instance: Instance }>();
  return (input, call) => {
    call.record({ eventName: 'RunInstances', readOnly: false, requestParameters: recorded(input) });
    authorizeTemplate(call, deps.surroundings, input.LaunchTemplate.LaunchTemplateId);
    const template = findTemplate(input, deps);
    const subnet = deps.network.subnet(input.SubnetId);
    if (subnet === undefined) {
      throw new ApiError(
        'InvalidSubnetID.NotFound',
        `The subnet ID '${input.SubnetId}' does not exist`,
      );
    }
    const { IamInstanceProfile, Placement, ...data } = template.data;
    const specification = {
      imageId: data.ImageId,
      instanceType: input.InstanceType ?? data.InstanceType,
      tenancy: input.Placement?.Tenancy ?? Placement?.Tenancy ?? 'default',
      subnet,
      securityGroupIds: data.SecurityGroupIds,
      clientToken: input.ClientToken,
      instanceProfileArn: IamInstanceProfile.Arn,
      shutdownBehavior: data.InstanceInitiatedShutdownBehavior,
      roleArn: deps.surroundings.principals.instanceProfileRole(IamInstanceProfile.Arn),
      tags: collectTags([
        ...data.TagSpecifications.map(({ Tags: tags, ...of }) => ({ ...of, tags })),
        ...input.TagSpecification.map(({ Tag: tags, ...of }) => ({ ...of, tags })),
      ]),
    };
    authorizeLaunch(call, deps, { template, specification });

    const parameters = JSON.stringify(input);
    const earlier = byToken.get(input.ClientToken ?? '');
    if (earlier !== undefined && earlier.parameters !== parameters) {
      throw new ApiError(
        'IdempotentParameterMismatch',
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
      );
    }
    const instance = earlier?.instance ?? launch(deps, template, specification);
    if (input.ClientToken !== undefined) byToken.set(input.ClientToken, { parameters, instance });
    const { instanceId } = instance;
    call.record({
      eventName: 'RunInstances',
      readOnly: false,
      requestParameters: recorded(input),
      responseElements: { instancesSet: { items: [{ instanceId }] } },
    });
    return { ...describeReservation(instance), ownerId: deps.surroundings.accountId };
  };
}

function findTemplate(
  { LaunchTemplate: { LaunchTemplateId: id, Version } }: RunInstancesInput,
  { templates }: LaunchDependencies,
): LaunchTemplate {
  const template = templates.get(id);
  if (template === undefined) {
    throw new ApiError(
      'InvalidLaunchTemplateId.NotFound',
      `The specified launch template, with template ID ${id}, does not exist.`,
    );
  }
  if (!versions.includes(Version)) {
    throw new ApiError(
      'InvalidLaunchTemplateId.VersionNotFound',
      `Could not find the specified version ${Version} for the launch template with ID ${id}.`,
    );
  }
  return template;
}

function launch(
  { fleet, limits }: LaunchDependencies,
  { data }: LaunchTemplate,
  specification: Omit<Parameters<Fleet['launch']>[0], 'volumes' | 'userData'>,
): Instance {
  const living = fleet.all().filter(({ state }) => state === 'pending' || state === 'running');
  if (living.length >= limits.quota) {
    throw new ApiError(
      'VcpuLimitExceeded',
      `You have requested more instances (${living.length + 1}) than your current limit of ${limits.quota} allows.`,
    );
  }
  if (living.length >= limits.capacity) {
    const { instanceType, subnet } = specification;
    // EC2 calls this its own fault, and so SDKs try again before they tell.
    throw new ApiError(
      'InsufficientInstanceCapacity',
      `We currently do not have sufficient ${instanceType} capacity in the Availability Zone you requested (${subnet.availabilityZone}).`,
      500,
    );
  }
  const instance = fleet.launch({
    ...specification,
    volumes: data.BlockDeviceMappings.map(({ DeviceName, Ebs }) => ({
      deviceName: DeviceName,
      sizeGiB: Ebs.VolumeSize,
      type: Ebs.VolumeType,
      kmsKeyId: Ebs.KmsKeyId,
    })),
    userData: data.UserData,
  });
  if (instance !== undefined) return instance;
  throw new ApiError(
    'InsufficientFreeAddressesInSubnet',
    `There are not enough free addresses in subnet '${specification.subnet.subnetId}'.`,
  );
}

function recorded(input: RunInstancesInput): Record<string, unknown> {
  return {
    instancesSet: { items: [{ minCount: 1, maxCount: 1 }] },
    launchTemplate: {
      launchTemplateId: input.LaunchTemplate.LaunchTemplateId,
      version: input.LaunchTemplate.Version,
    },
    instanceType: input.InstanceType,
    subnetId: input.SubnetId,
    clientToken: input.ClientToken,
    tagSpecificationSet: {
      items: input.TagSpecification.map(({ ResourceType, Tag }) => ({
        resourceType: ResourceType,
        tags: Tag.map(({ Key, Value }) => ({ key: Key, value: Value })),
      })),
    },
  };
}
