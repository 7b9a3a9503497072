import { type KMSClient, paginateListGrants } from '@aws-sdk/client-kms';

/** A grant on the data key that exists. */
export interface GrantNow {
  readonly grantId: string;
  readonly since: string | undefined;
}

/** The grants on a key, now, whose names begin with `prefix`; KMS tells of a revoked one for up to five minutes. */
export async function grantsNow(
  client: KMSClient,
  KeyId: string,
  prefix: string,
): Promise<GrantNow[]> {
  const found: GrantNow[] = [];
  for await (const { Grants = [] } of paginateListGrants({ client }, { KeyId })) {
    for (const { GrantId: grantId = '', Name = '', CreationDate } of Grants) {
      if (Name.startsWith(prefix)) found.push({ grantId, since: CreationDate?.toISOString() });
    }
  }
  return found;
}
