import * as z from 'zod';
import { ApiError, type Surroundings } from '../../api.ts';
import type { GrantTokens, LiveGrant } from './grant-list.ts';
import { checkGrantTokens, keyAccess, keyResources } from './key-access.ts';
import { requireUsage } from './key-spec.ts';
import { requireUsable, type FoundKey, type KeyStore } from './key-store.ts';
import {
  GrantTokensInput,
  KeyName,
  operation,
  type Operation,
  type Prepared,
} from './operation.ts';

/** The operations that a grant on a symmetric key can hold here. */
const grantable = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'RetireGrant',
  'DescribeKey',
] as const;

/** ARN of an account, role, user or role session. */
export const Principal = z
  .string()
  .max(256)
  .regex(
    /^arn:aws[\w-]*:(?:iam::\d{12}:(?:root|(?:role|user)\/[^*]+)|sts::\d{12}:assumed-role\/[^/*]+\/[^*]+)$/,
    'must be the ARN of a principal',
  );

const ConstraintContext = z
  .record(z.string(), z.string())
  .refine((pairs) => Object.keys(pairs).length <= 8, 'has more than 8 pairs');

const CreateGrantInput = z.strictObject({
  KeyId: KeyName,
  GranteePrincipal: Principal,
  RetiringPrincipal: Principal.optional(),
  Operations: z.array(z.enum(grantable)).min(1),
  Constraints: z
    .strictObject({
      EncryptionContextSubset: ConstraintContext.optional(),
      EncryptionContextEquals: ConstraintContext.optional(),
    })
    .optional(),
  GrantTokens: GrantTokensInput,
  Name: z
    .string()
    .max(256)
    .regex(/^[\w:/-]+$/)
    .optional(),
});

/** What a caller of the API cannot do: only services make grants for AWS's own resources. */
export const isForAwsResource = { 'kms:GrantIsForAWSResource': false };

/** `GrantId` of a request. */
export const GrantIdInput = z.string().min(1).max(128);

const RetireGrantInput = z
  .strictObject({
    GrantToken: z.string().min(1).max(8192).optional(),
    KeyId: KeyName.optional(),
    GrantId: GrantIdInput.optional(),
  })
  .refine(
    ({ GrantToken, KeyId, GrantId }) =>
      GrantToken === undefined
        ? KeyId !== undefined && GrantId !== undefined
        : KeyId === undefined && GrantId === undefined,
    { path: ['GrantToken'], message: 'give either GrantToken or KeyId and GrantId' },
  );

const RevokeGrantInput = z.strictObject({ KeyId: KeyName, GrantId: GrantIdInput });

function grantNotFound(): ApiError {
  return new ApiError('NotFoundException', 'The grant does not exist.');
}

/** What makes and ends the right of one principal to use one key. */
export function grantOperations(
  surroundings: Surroundings,
  store: KeyStore,
  tokens: GrantTokens,
): Record<string, Operation> {
  /** @throws ApiError InvalidGrantTokenException, NotFoundException */
  function grantToRetire({
    GrantToken,
    KeyId = '',
    GrantId = '',
  }: z.output<typeof RetireGrantInput>): {
    readonly found: FoundKey;
    readonly grant: LiveGrant;
  } {
    if (GrantToken !== undefined) checkGrantTokens(tokens, [GrantToken]);
    const named = GrantToken === undefined ? undefined : tokens.read(GrantToken);
    const found = store.find(named?.keyId ?? KeyId);
    const grant = found.key.grants.get(named?.grantId ?? GrantId);
    if (!grant) throw grantNotFound();
    return { found, grant };
  }

  return {
    CreateGrant: operation(CreateGrantInput, (input, call): Prepared => {
      checkGrantTokens(tokens, input.GrantTokens);
      const found = store.find(input.KeyId);
      const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } =
        input.Constraints ?? {};
      return {
        access: [
          keyAccess(store, found, 'CreateGrant', call.caller, {
            ...((equals ?? subset) && { encryptionContext: { ...subset, ...equals } }),
            context: {
              ...isForAwsResource,
              'kms:GranteePrincipal': input.GranteePrincipal,
              'kms:RetiringPrincipal': input.RetiringPrincipal,
              'kms:GrantOperations': input.Operations,
              'kms:GrantConstraintType': [
                ...(equals ? ['EncryptionContextEquals'] : []),
                ...(subset ? ['EncryptionContextSubset'] : []),
              ],
            },
          }),
        ],
        record: {
          readOnly: false,
          requestParameters: {
            keyId: input.KeyId,
            granteePrincipal: input.GranteePrincipal,
            ...(input.RetiringPrincipal !== undefined && {
              retiringPrincipal: input.RetiringPrincipal,
            }),
            operations: input.Operations,
            ...((equals ?? subset) && {
              constraints: {
                ...(equals && { encryptionContextEquals: equals }),
                ...(subset && { encryptionContextSubset: subset }),
              },
            }),
            ...(input.Name !== undefined && { name: input.Name }),
          },
          resources: keyResources(found),
        },
        run: () => {
          requireUsable(found.key);
          // Grants to sign are not supported.
          requireUsage(found.key, 'ENCRYPT_DECRYPT');
          const grant = found.key.grants.create(
            {
              name: input.Name,
              granteePrincipal: input.GranteePrincipal,
              retiringPrincipal: input.RetiringPrincipal,
              operations: input.Operations,
              encryptionContextEquals: equals,
              encryptionContextSubset: subset,
            },
            surroundings.clock.now(),
          );
          return {
            body: {
              GrantId: grant.grantId,
              GrantToken: tokens.issue(found.key.keyId, grant.grantId),
            },
            responseElements: { grantId: grant.grantId, keyId: found.key.arn },
          };
        },
      };
    }),

    RetireGrant: operation(RetireGrantInput, (input, call) => {
      const { found, grant } = grantToRetire(input);
      const { encryptionContextEquals: equals, encryptionContextSubset: subset } = grant;
      return {
        access: [
          keyAccess(store, found, 'RetireGrant', call.caller, {
            retiredGrantId: grant.grantId,
            ...((equals ?? subset) && { encryptionContext: { ...subset, ...equals } }),
          }),
        ],
        record: {
          readOnly: false,
          requestParameters: { keyId: found.key.arn, grantId: grant.grantId },
          resources: keyResources(found),
        },
        run: () => {
          found.key.grants.remove(grant.grantId);
          return { body: undefined };
        },
      };
    }),

    RevokeGrant: operation(RevokeGrantInput, (input, call) => {
      const found = store.find(input.KeyId);
      return {
        access: [
          keyAccess(store, found, 'RevokeGrant', call.caller, { context: isForAwsResource }),
        ],
        record: {
          readOnly: false,
          requestParameters: { keyId: input.KeyId, grantId: input.GrantId },
          resources: keyResources(found),
        },
        run: () => {
          if (!found.key.grants.get(input.GrantId)) throw grantNotFound();
          found.key.grants.remove(input.GrantId);
          return { body: undefined };
        },
      };
    }),
  };
}
