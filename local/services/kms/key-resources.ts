import * as z from 'zod';
import type { DeclaredResource, ResourceHandler, Surroundings } from '../../api.ts';
import { readProperties, ResourcePropertyError } from '../../assembly/read-properties.ts';
import { parsePolicy } from '../../policy/document.ts';
import { keySpecs } from './key-spec.ts';
import type { KeyStore } from './key-store.ts';

const Tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).default([]);

/** Properties of `AWS::KMS::Key`; those that change nothing here are only checked. */
const KeyProperties = z.strictObject({
  KeyPolicy: z.record(z.string(), z.unknown()).optional(),
  Description: z.string().max(8192).default(''),
  Enabled: z.boolean().default(true),
  EnableKeyRotation: z.boolean().default(false),
  RotationPeriodInDays: z.int().min(90).max(2560).optional(),
  PendingWindowInDays: z.int().min(7).max(30).optional(),
  KeySpec: z.enum(['SYMMETRIC_DEFAULT', 'ECC_NIST_P384']).default('SYMMETRIC_DEFAULT'),
  KeyUsage: z.enum(['ENCRYPT_DECRYPT', 'SIGN_VERIFY']).default('ENCRYPT_DECRYPT'),
  Origin: z.literal('AWS_KMS').optional(),
  MultiRegion: z.literal(false).optional(),
  BypassPolicyLockoutSafetyCheck: z.boolean().optional(),
  Tags,
});

/**
 * Refuses what a key of its kind cannot have.
 *
 * @throws ResourcePropertyError
 */
function checkKind(
  { KeySpec, KeyUsage, EnableKeyRotation, RotationPeriodInDays }: z.output<typeof KeyProperties>,
  { stack, logicalId, type }: DeclaredResource,
): void {
  const refuse = (property: string, reason: string): never => {
    throw new ResourcePropertyError(`${stack}/${logicalId} (${type}): ${property}: ${reason}`);
  };
  if (KeyUsage !== keySpecs[KeySpec].usage) {
    refuse('KeyUsage', `${KeyUsage} is not supported for ${KeySpec}`);
  }
  if (KeyUsage === 'ENCRYPT_DECRYPT') return;
  if (EnableKeyRotation) refuse('EnableKeyRotation', 'a key that signs is not rotated');
  if (RotationPeriodInDays !== undefined) {
    refuse('RotationPeriodInDays', 'a key that signs is not rotated');
  }
}

const AliasProperties = z.strictObject({
  AliasName: z.string().regex(/^alias\/(?!aws\/)[\w/-]{1,250}$/, 'must be alias/NAME'),
  TargetKeyId: z.string(),
});

/** The policy of a key whose template has none: the account's identity policies decide. */
function defaultPolicy({ partition, accountId }: Surroundings): Readonly<Record<string, unknown>> {
  return {
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  };
}

/** Makes the keys and aliases of templates. */
export function keyResourceHandlers(
  surroundings: Surroundings,
  store: KeyStore,
): readonly ResourceHandler[] {
  return [
    {
      type: 'AWS::KMS::Key',
      create(resource) {
        const properties = readProperties(KeyProperties, resource);
        checkKind(properties, resource);
        const policy = properties.KeyPolicy ?? defaultPolicy(surroundings);
        const key = store.create({
          spec: properties.KeySpec,
          description: properties.Description,
          policy: parsePolicy(policy, `${resource.stack}.${resource.logicalId}.KeyPolicy`),
          policyText: JSON.stringify(policy),
          rotationEnabled: properties.EnableKeyRotation,
          state: properties.Enabled ? 'Enabled' : 'Disabled',
          tags: {
            ...resource.tags,
            ...Object.fromEntries(properties.Tags.map(({ Key, Value }) => [Key, Value])),
          },
        });
        return { ref: key.keyId, attributes: { Arn: key.arn, KeyId: key.keyId } };
      },
    },
    {
      type: 'AWS::KMS::Alias',
      create(resource) {
        const { AliasName, TargetKeyId } = readProperties(AliasProperties, resource);
        return { ref: store.createAlias(AliasName, TargetKeyId).aliasName };
      },
    },
  ];
}
