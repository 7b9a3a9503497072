import * as z from 'zod';
import type { DeclaredResource } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { type TaggedResource, taggedResources } from './instance.ts';

/** A flag or number as templates write them: CloudFormation takes text for both. */
const flag = z.stringbool().or(z.boolean());
const count = z.coerce.number().int();
const mustBe = (expected: boolean) =>
  flag.refine((value) => value === expected, { error: `must be ${expected}` });

const Tag = z.strictObject({ Key: z.string(), Value: z.string() });

/** A volume of a launch template. Unencrypted or kept volumes are refused: nothing here wipes them. */
const Volume = z.strictObject({
  DeviceName: z.string(),
  Ebs: z.strictObject({
    VolumeSize: count,
    VolumeType: z.string().default('gp3'),
    Encrypted: mustBe(true),
    KmsKeyId: z.string().optional(),
    DeleteOnTermination: mustBe(true),
  }),
});

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
  BlockDeviceMappings: z.array(Volume).min(1),
  MetadataOptions: z.strictObject({
    HttpEndpoint: z.literal('enabled').optional(),
    HttpTokens: z.literal('required'),
    HttpPutResponseHopLimit: count.optional(),
    InstanceMetadataTags: z.literal('disabled').optional(),
  }),
  Placement: z.strictObject({ Tenancy: z.enum(['default', 'dedicated']) }).optional(),
  DisableApiTermination: mustBe(false).optional(),
  InstanceInitiatedShutdownBehavior: z.literal('terminate'),
  TagSpecifications: z
    .array(z.strictObject({ ResourceType: z.enum(taggedResources), Tags: z.array(Tag) }))
    .default([]),
  UserData: z
    .base64()
    .transform((encoded) => Buffer.from(encoded, 'base64').toString())
    .refine((script) => script.startsWith('#!/bin/bash\n'), { error: 'must be a bash script' }),
});

const Properties = z.strictObject({
  LaunchTemplateName: z.string().optional(),
  VersionDescription: z.string().optional(),
  LaunchTemplateData,
  TagSpecifications: z
    .array(z.strictObject({ ResourceType: z.literal('launch-template'), Tags: z.array(Tag) }))
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
