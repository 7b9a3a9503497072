import { type KMSClient, paginateListGrants, RevokeGrantCommand } from '@aws-sdk/client-kms';
import { isAwsError } from '../../runtime/aws-errors.ts';

/** A grant on the data key that lets one worker decrypt one batch. */
export interface RunGrant {
  readonly grantId: string;
  readonly name: string;
}

/** The data key, and the client to ask for its grants. */
export interface GrantedKey {
  readonly kms: KMSClient;
  readonly keyArn: string;
}

/** A grant that is gone already. */
const gone = new Set(['NotFoundException', 'InvalidGrantIdException']);

/** A key that was deleted: its grants went with it. */
const keyGone = new Set(['NotFoundException']);

/** Says by its name whether a grant is meant. */
export type GrantMatch = (name: string) => boolean;

/** Means every grant whose name begins like this. */
export const named =
  (prefix: string): GrantMatch =>
  (name) =>
    name.startsWith(prefix);

/**
 * Finds the grants on the data key that are meant, page by page.
 *
 * KMS spreads a new grant within seconds and a revoked one within five minutes: a list may lag
 * behind by that.
 */
export async function findGrants(
  { kms, keyArn }: GrantedKey,
  isMeant: GrantMatch,
): Promise<RunGrant[]> {
  const found: RunGrant[] = [];
  for await (const page of paginateListGrants({ client: kms }, { KeyId: keyArn })) {
    for (const { GrantId, Name } of page.Grants ?? []) {
      if (GrantId === undefined || Name === undefined || !isMeant(Name)) continue;
      found.push({ grantId: GrantId, name: Name });
    }
  }
  return found;
}

/**
 * Takes the key away from whom the grants meant were made for. Answers how many it found.
 *
 * A grant revoked already, by a repeated call or the sweeper, is as good as revoked.
 */
export async function revokeGrants(key: GrantedKey, isMeant: GrantMatch): Promise<number> {
  const found = await findGrants(key, isMeant).catch((error: unknown) => {
    if (isAwsError(error, keyGone)) return [];
    throw error;
  });
  return revokeFound(key, found);
}

/** Revokes grants that were found. Answers how many. */
export async function revokeFound(key: GrantedKey, found: readonly RunGrant[]): Promise<number> {
  for (const { grantId } of found) {
    try {
      await key.kms.send(new RevokeGrantCommand({ KeyId: key.keyArn, GrantId: grantId }));
    } catch (error) {
      if (!isAwsError(error, gone)) throw error;
    }
  }
  return found.length;
}
