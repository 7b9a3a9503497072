import * as z from 'zod';
import type { DeclaredResource } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { count, flag, mustBe, tag, tenancy, userData, volume } from './machine-properties.ts';
import { type TaggedResource, taggedResources } from './instance.ts';

/**
 * The launch template data that the embedded EC2 takes.
 *
 * Monitoring and metadata options have no effect: there is no CloudWatch, and credentials stand in
 * the environment. Their values are held against the policies of who launches.
 */
const LaunchTemplateData = z.strictObject({
  ImageId: z.string(),
  InstanceType: z.string(),
  Monitoring: z.strictObject({ Enabled: flag }).optional(),
  IamInstanceProfile: z.strictObject({ Arn: z.string() }),
  SecurityGroupIds: z.array(z.string()).min(1),
  BlockDeviceMappings: z.array(volume).min(1),
  MetadataOptions: z.strictObject({
    HttpEndpoint: z.literal('enabled').optional(),
    HttpTokens: z.literal('required'),
    HttpPutResponseHopLimit: count.optional(),
    InstanceMetadataTags: z.literal('disabled').optional(),
  }),
  Placement: z.strictObject({ Tenancy: tenancy }).optional(),
  DisableApiTermination: mustBe(false).optional(),
  InstanceInitiatedShutdownBehavior: z.literal('terminate'),
  TagSpecifications: z
    .array(z.strictObject({ ResourceType: z.enum(taggedResources), Tags: z.array(tag) }))
    .default([]),
  UserData: userData,
});

const Properties = z.strictObject({
  LaunchTemplateName: z.string().optional(),
  VersionDescription: z.string().optional(),
  LaunchTemplateData,
  TagSpecifications: z
    .array(z.strictObject({ ResourceType: z.literal('launch-template'), Tags: z.array(tag) }))
    .optional(),
});

/** A launch template, its user data decoded. It has one version: templates do not change here. */
export interface LaunchTemplate {
  readonly id: string;
  readonly data: z.infer<typeof LaunchTemplateData>;
}

/** The one version of every launch template. */
export const onlyVersion = '1';

/** Reads a declared `AWS::EC2::LaunchTemplate`. */
export function readLaunchTemplate(resource: DeclaredResource, id: string): LaunchTemplate {
  return { id, data: readProperties(Properties, resource).LaunchTemplateData };
}

/** Tags by the resource that gets them; later ones win. */
export function collectTags(
  lists: readonly {
    readonly ResourceType: TaggedResource;
    readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  }[],
): Record<TaggedResource, Record<string, string>> {
  const collected = { instance: {}, volume: {}, 'network-interface': {} };
  for (const { ResourceType, tags } of lists) {
    Object.assign(
      collected[ResourceType],
      Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
    );
  }
  return collected;
}
