import * as z from 'zod';
import { ApiError, type Access, type Call, type Surroundings } from '../../api.ts';
import { epochSeconds } from '../../read-input.ts';
import { keyAccess, keyResources } from './key-access.ts';
import { describeSpec } from './key-spec.ts';
import { requireNotPendingDeletion, type FoundKey, type Key, type KeyStore } from './key-store.ts';
import { readMarker, writeMarker } from './marker.ts';
import { GrantTokensInput, KeyName, operation, type Answer, type Operation } from './operation.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const LONGEST_WAIT_DAYS = 30;

const OneKey = z.strictObject({ KeyId: KeyName });

const page = {
  Limit: z.int().min(1).max(100).default(50),
  Marker: z.string().min(1).max(1024).optional(),
};

/** What DescribeKey tells of a key. */
function keyMetadata({ accountId }: Surroundings, key: Key) {
  return {
    AWSAccountId: accountId,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: epochSeconds(key.createdAt),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyState: key.state,
    ...(key.deletionDate && { DeletionDate: epochSeconds(key.deletionDate) }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    ...describeSpec(key.spec),
    MultiRegion: false,
  };
}

function pageOf<T>(
  items: readonly T[],
  { Limit, Marker }: { readonly Limit: number; readonly Marker?: string },
) {
  const start = Marker === undefined ? 0 : readMarker(Marker);
  const end = start + Limit;
  return {
    shown: items.slice(start, end),
    rest: {
      Truncated: items.length > end,
      ...(items.length > end && { NextMarker: writeMarker(end) }),
    },
  };
}

/** Operations on keys themselves. No key is made here: keys come from templates. */
export function keyOperations(
  surroundings: Surroundings,
  store: KeyStore,
): Record<string, Operation> {
  function onKey(
    name: string,
    keyId: string,
    call: Call,
    readOnly: boolean,
    run: (found: FoundKey) => Answer,
    context?: Access['context'],
  ) {
    const found = store.find(keyId);
    return {
      access: [keyAccess(store, found, name, call.caller, { context })],
      record: {
        readOnly,
        requestParameters: { keyId },
        resources: keyResources(found),
      },
      run: () => run(found),
    };
  }

  return {
    DescribeKey: operation(
      z.strictObject({ KeyId: KeyName, GrantTokens: GrantTokensInput }),
      (input, call) =>
        onKey('DescribeKey', input.KeyId, call, true, ({ key }) => ({
          body: { KeyMetadata: keyMetadata(surroundings, key) },
        })),
    ),

    GetKeyPolicy: operation(
      z.strictObject({ KeyId: KeyName, PolicyName: z.literal('default').default('default') }),
      (input, call) =>
        onKey('GetKeyPolicy', input.KeyId, call, true, ({ key }) => ({
          body: { Policy: key.policyText, PolicyName: 'default' },
        })),
    ),

    GetKeyRotationStatus: operation(OneKey, (input, call) =>
      onKey('GetKeyRotationStatus', input.KeyId, call, true, ({ key }) => ({
        body: { KeyId: key.arn, KeyRotationEnabled: key.rotationEnabled },
      })),
    ),

    ListResourceTags: operation(OneKey, (input, call) =>
      onKey('ListResourceTags', input.KeyId, call, true, ({ key }) => ({
        body: {
          Tags: Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
          Truncated: false,
        },
      })),
    ),

    ListKeys: operation(z.strictObject(page), (input) => ({
      access: [{ action: 'kms:ListKeys', resource: '*' }],
      record: { readOnly: true },
      run: () => {
        const { shown, rest } = pageOf(store.keys(), input);
        return {
          body: { Keys: shown.map((key) => ({ KeyId: key.keyId, KeyArn: key.arn })), ...rest },
        };
      },
    })),

    ListAliases: operation(
      z.strictObject({ KeyId: KeyName.optional(), ...page }),
      ({ KeyId, ...input }) => ({
        access: [{ action: 'kms:ListAliases', resource: '*' }],
        record: {
          readOnly: true,
          requestParameters: { ...(KeyId !== undefined && { keyId: KeyId }) },
        },
        run: () => {
          const aliases =
            KeyId === undefined ? store.aliases() : store.aliasesOf(store.find(KeyId).key);
          const { shown, rest } = pageOf(aliases, input);
          return {
            body: {
              Aliases: shown.map((alias) => ({
                AliasName: alias.aliasName,
                AliasArn: alias.aliasArn,
                TargetKeyId: alias.targetKeyId,
                CreationDate: epochSeconds(alias.createdAt),
              })),
              ...rest,
            },
          };
        },
      }),
    ),

    EnableKey: operation(OneKey, (input, call) =>
      onKey('EnableKey', input.KeyId, call, false, ({ key }) => {
        requireNotPendingDeletion(key);
        key.state = 'Enabled';
        return { body: undefined };
      }),
    ),

    DisableKey: operation(OneKey, (input, call) =>
      onKey('DisableKey', input.KeyId, call, false, ({ key }) => {
        requireNotPendingDeletion(key);
        key.state = 'Disabled';
        return { body: undefined };
      }),
    ),

    ScheduleKeyDeletion: operation(
      z.strictObject({
        KeyId: KeyName,
        PendingWindowInDays: z.int().min(7).max(LONGEST_WAIT_DAYS).default(LONGEST_WAIT_DAYS),
      }),
      ({ KeyId, PendingWindowInDays }, call) =>
        onKey(
          'ScheduleKeyDeletion',
          KeyId,
          call,
          false,
          ({ key }) => {
            requireNotPendingDeletion(key);
            const deletionDate = new Date(
              surroundings.clock.now().getTime() + PendingWindowInDays * DAY_MS,
            );
            Object.assign(key, { state: 'PendingDeletion', deletionDate });
            return {
              body: {
                KeyId: key.arn,
                DeletionDate: epochSeconds(deletionDate),
                KeyState: key.state,
                PendingWindowInDays,
              },
              responseElements: {
                keyId: key.arn,
                keyState: key.state,
                deletionDate: deletionDate.toISOString(),
              },
            };
          },
          { 'kms:ScheduleKeyDeletionPendingWindowInDays': PendingWindowInDays },
        ),
    ),

    CancelKeyDeletion: operation(OneKey, (input, call) =>
      onKey('CancelKeyDeletion', input.KeyId, call, false, ({ key }) => {
        if (key.state !== 'PendingDeletion') {
          throw new ApiError('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
        }
        key.state = 'Disabled';
        key.deletionDate = undefined;
        return { body: { KeyId: key.arn } };
      }),
    ),
  };
}
