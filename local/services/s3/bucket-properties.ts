import * as z from 'zod';
import type { Retention } from './stored-object.ts';

/** What SSE a bucket gives to objects that ask for none. */
interface DefaultEncryption {
  readonly algorithm: 'AES256' | 'aws:kms';
  /** Id, ARN or alias; present for `aws:kms` only. */
  readonly keyId?: string;
  readonly bucketKey: boolean;
}

/** How a bucket is set up, as far as the embedded cloud acts on it or tells it. */
export interface BucketSettings {
  readonly encryption: DefaultEncryption;
  /** Absent in a bucket that never had versions. */
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly objectLock: boolean;
  readonly defaultRetention?: { readonly mode: Retention['mode']; readonly days: number };
  readonly publicAccessBlock?: Readonly<Record<string, boolean>>;
  /** Object events go to EventBridge. */
  readonly eventBridge: boolean;
}

const DAYS_OF_A_YEAR = 365;

const Days = z.int().min(1).max(36_500);

const RetentionRule = z
  .strictObject({
    Mode: z.enum(['GOVERNANCE', 'COMPLIANCE']),
    Days: Days.optional(),
    Years: z.int().min(1).max(100).optional(),
  })
  .refine((rule) => (rule.Days === undefined) !== (rule.Years === undefined), {
    message: 'must give either Days or Years',
  });

const EncryptionRule = z.strictObject({
  BucketKeyEnabled: z.boolean().default(false),
  ServerSideEncryptionByDefault: z
    .strictObject({
      SSEAlgorithm: z.enum(['AES256', 'aws:kms']),
      KMSMasterKeyID: z.string().optional(),
    })
    .refine((rule) => (rule.SSEAlgorithm === 'aws:kms') === (rule.KMSMasterKeyID !== undefined), {
      message: 'must name a KMS key for aws:kms and only for it: the key aws/s3 is not supported',
    }),
});

/**
 * Properties of `AWS::S3::Bucket`.
 *
 * `LifecycleConfiguration` and `LoggingConfiguration` are taken and change nothing: nothing ages
 * here, and the access log of the gateway has every call. `OwnershipControls` must be the one mode
 * that there is: no ACLs.
 */
export const BucketProperties = z.strictObject({
  BucketName: z
    .string()
    .regex(/^(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name')
    .optional(),
  BucketEncryption: z
    .strictObject({ ServerSideEncryptionConfiguration: z.tuple([EncryptionRule]) })
    .optional(),
  VersioningConfiguration: z.strictObject({ Status: z.enum(['Enabled', 'Suspended']) }).optional(),
  PublicAccessBlockConfiguration: z
    .strictObject({
      BlockPublicAcls: z.boolean().optional(),
      BlockPublicPolicy: z.boolean().optional(),
      IgnorePublicAcls: z.boolean().optional(),
      RestrictPublicBuckets: z.boolean().optional(),
    })
    .optional(),
  OwnershipControls: z
    .strictObject({
      Rules: z.tuple([z.strictObject({ ObjectOwnership: z.literal('BucketOwnerEnforced') })]),
    })
    .optional(),
  LifecycleConfiguration: z
    .strictObject({
      Rules: z.array(z.record(z.string(), z.unknown())),
      TransitionDefaultMinimumObjectSize: z.string().optional(),
    })
    .optional(),
  LoggingConfiguration: z
    .strictObject({
      DestinationBucketName: z.string().optional(),
      LogFilePrefix: z.string().optional(),
      TargetObjectKeyFormat: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  ObjectLockEnabled: z.boolean().default(false),
  ObjectLockConfiguration: z
    .strictObject({
      ObjectLockEnabled: z.literal('Enabled').optional(),
      Rule: z.strictObject({ DefaultRetention: RetentionRule }).optional(),
    })
    .optional(),
  NotificationConfiguration: z
    .strictObject({
      EventBridgeConfiguration: z
        .strictObject({ EventBridgeEnabled: z.boolean().default(true) })
        .optional(),
    })
    .optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).default([]),
});

/** How a bucket is set up that a template declares with these properties. */
export function bucketSettings(properties: z.output<typeof BucketProperties>): BucketSettings {
  const [encryption] = properties.BucketEncryption?.ServerSideEncryptionConfiguration ?? [];
  const objectLock =
    properties.ObjectLockEnabled || properties.ObjectLockConfiguration !== undefined;
  const retention = properties.ObjectLockConfiguration?.Rule?.DefaultRetention;
  const publicAccess = properties.PublicAccessBlockConfiguration;
  return {
    encryption: {
      algorithm: encryption?.ServerSideEncryptionByDefault.SSEAlgorithm ?? 'AES256',
      keyId: encryption?.ServerSideEncryptionByDefault.KMSMasterKeyID,
      bucketKey: encryption?.BucketKeyEnabled ?? false,
    },
    // Object lock cannot be without versions, and S3 turns them on by itself.
    versioning: objectLock ? 'Enabled' : properties.VersioningConfiguration?.Status,
    objectLock,
    ...(retention && {
      defaultRetention: {
        mode: retention.Mode,
        days: retention.Days ?? (retention.Years ?? 0) * DAYS_OF_A_YEAR,
      },
    }),
    ...(publicAccess && {
      publicAccessBlock: {
        BlockPublicAcls: publicAccess.BlockPublicAcls ?? false,
        IgnorePublicAcls: publicAccess.IgnorePublicAcls ?? false,
        BlockPublicPolicy: publicAccess.BlockPublicPolicy ?? false,
        RestrictPublicBuckets: publicAccess.RestrictPublicBuckets ?? false,
      },
    }),
    eventBridge:
      properties.NotificationConfiguration?.EventBridgeConfiguration?.EventBridgeEnabled ?? false,
  };
}
