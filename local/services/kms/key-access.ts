import { ApiError, type Access, type CloudCaller } from '../../api.ts';
import type { ContextValues } from '../../policy/request-context.ts';
import { contextConditionKeys, type EncryptionContext } from './encryption-context.ts';
import type { GrantTokens } from './grant-list.ts';
import { keySpecs } from './key-spec.ts';
import type { FoundKey, KeyStore } from './key-store.ts';

/** What a call on a key says beyond its action. */
interface KeyUse {
  /** Present, if only empty, for operations that take an encryption context. */
  readonly encryptionContext?: EncryptionContext;
  /** Condition keys of this operation alone. */
  readonly context?: ContextValues;
  readonly retiredGrantId?: string;
}

/**
 * The question to the policies whether a caller may do one operation with a key.
 *
 * @see AWS KMS Developer Guide, "AWS KMS condition keys"
 */
export function keyAccess(
  store: KeyStore,
  { key, requestAlias }: FoundKey,
  operationName: string,
  caller: CloudCaller,
  { encryptionContext, context, retiredGrantId }: KeyUse = {},
): Access {
  return {
    action: `kms:${operationName}`,
    resource: key.arn,
    context: {
      ...Object.fromEntries(
        Object.entries(key.tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value]),
      ),
      'kms:CallerAccount': caller.accountId,
      'kms:KeyOrigin': 'AWS_KMS',
      'kms:KeySpec': key.spec,
      'kms:KeyUsage': keySpecs[key.spec].usage,
      'kms:MultiRegion': false,
      'kms:RequestAlias': requestAlias,
      'kms:ResourceAliases': store.aliasesOf(key).map((alias) => alias.aliasName),
      ...(encryptionContext && {
        'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT',
        ...contextConditionKeys(encryptionContext),
      }),
      ...context,
    },
    keyPolicy: { document: key.policy, grants: key.grants.all(), retiredGrantId },
  };
}

/** How the access log names a key. */
export function keyResources({ key }: FoundKey): { readonly ARN: string; readonly type: string }[] {
  return [{ ARN: key.arn, type: 'AWS::KMS::Key' }];
}

/**
 * Checks the grant tokens of a request. They give nothing here, because a grant counts at once.
 *
 * @throws ApiError InvalidGrantTokenException for a token that CreateGrant never answered.
 */
export function checkGrantTokens(tokens: GrantTokens, given: readonly string[]): void {
  if (given.some((token) => tokens.read(token) === undefined)) {
    throw new ApiError('InvalidGrantTokenException', 'The grant token is not valid.');
  }
}
