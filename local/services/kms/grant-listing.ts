import * as z from 'zod';
import type { Surroundings } from '../../api.ts';
import { epochSeconds } from '../../read-input.ts';
import type { LiveGrant } from './grant-list.ts';
import { GrantIdInput, isForAwsResource, Principal } from './grant-operations.ts';
import { keyAccess, keyResources } from './key-access.ts';
import type { Key, KeyStore } from './key-store.ts';
import { readMarker, writeMarker } from './marker.ts';
import { KeyName, operation, type Operation } from './operation.ts';

const page = {
  Limit: z.int().min(1).max(100).default(50),
  Marker: z.string().min(1).max(1024).optional(),
};

const ListGrantsInput = z.strictObject({
  KeyId: KeyName,
  GrantId: GrantIdInput.optional(),
  GranteePrincipal: z.string().min(1).max(256).optional(),
  ...page,
});

const ListRetirableGrantsInput = z.strictObject({ RetiringPrincipal: Principal, ...page });

function grantEntry(key: Key, grant: LiveGrant, issuingAccount: string) {
  const { encryptionContextEquals: equals, encryptionContextSubset: subset } = grant;
  return {
    KeyId: key.arn,
    GrantId: grant.grantId,
    ...(grant.name !== undefined && { Name: grant.name }),
    CreationDate: epochSeconds(grant.createdAt),
    GranteePrincipal: grant.granteePrincipal,
    ...(grant.retiringPrincipal !== undefined && { RetiringPrincipal: grant.retiringPrincipal }),
    IssuingAccount: issuingAccount,
    Operations: grant.operations,
    ...((equals ?? subset) && {
      Constraints: {
        ...(equals && { EncryptionContextEquals: equals }),
        ...(subset && { EncryptionContextSubset: subset }),
      },
    }),
  };
}

interface PlacedGrant {
  readonly key: Key;
  readonly grant: LiveGrant;
}

/** One page of grants from after `marker`; grants that end between two pages shift nothing. */
function grantPage(
  grants: readonly PlacedGrant[],
  { Limit, Marker }: { readonly Limit: number; readonly Marker?: string },
  issuingAccount: string,
) {
  const after = Marker === undefined ? 0 : readMarker(Marker);
  const rest = grants
    .filter(({ grant }) => grant.sequence > after)
    .sort((left, right) => left.grant.sequence - right.grant.sequence);
  const shown = rest.slice(0, Limit);
  const last = shown.at(-1);
  return {
    Grants: shown.map(({ key, grant }) => grantEntry(key, grant, issuingAccount)),
    Truncated: rest.length > shown.length,
    ...(last && rest.length > shown.length && { NextMarker: writeMarker(last.grant.sequence) }),
  };
}

/** What shows the live grants: of a key, or those that a principal may retire. */
export function grantListings(
  surroundings: Surroundings,
  store: KeyStore,
): Record<string, Operation> {
  const issuingAccount = `arn:${surroundings.partition}:iam::${surroundings.accountId}:root`;

  return {
    ListGrants: operation(ListGrantsInput, (input, call) => {
      const found = store.find(input.KeyId);
      return {
        access: [keyAccess(store, found, 'ListGrants', call.caller, { context: isForAwsResource })],
        record: {
          readOnly: true,
          requestParameters: { keyId: input.KeyId, limit: input.Limit },
          resources: keyResources(found),
        },
        run: () => {
          const matching = found.key.grants
            .all()
            .filter(
              (grant) =>
                (input.GrantId ?? grant.grantId) === grant.grantId &&
                (input.GranteePrincipal ?? grant.granteePrincipal) === grant.granteePrincipal,
            );
          const placed = matching.map((grant) => ({ key: found.key, grant }));
          return { body: grantPage(placed, input, issuingAccount) };
        },
      };
    }),

    ListRetirableGrants: operation(ListRetirableGrantsInput, (input) => ({
      access: [{ action: 'kms:ListRetirableGrants', resource: '*' }],
      record: { readOnly: true, requestParameters: { retiringPrincipal: input.RetiringPrincipal } },
      run: () => {
        const placed = store
          .keys()
          .flatMap((key) => key.grants.all().map((grant) => ({ key, grant })))
          .filter(({ grant }) => grant.retiringPrincipal === input.RetiringPrincipal);
        return { body: grantPage(placed, input, issuingAccount) };
      },
    })),
  };
}
