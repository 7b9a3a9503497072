import { CreateGrantCommand } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { LiveSlot } from '../../workflow/model/batch-plan.ts';
import { ContractError, KeyUnavailableError } from '../../workflow/model/errors.ts';
import { grantName } from '../../workflow/model/names.ts';
import { isAwsError } from '../../runtime/aws-errors.ts';
import { refuseEndedRun } from '../refuse-ended-run.ts';
import type { GrantedKey } from '../run-grants/run-grants.ts';

export const DeliverKeyInput = z.strictObject({
  ...LiveSlot.shape,
  instanceId: z.string().min(1),
});
export type DeliverKeyInput = z.infer<typeof DeliverKeyInput>;

export const DeliverKeyOutput = z.strictObject({
  grantId: z.string().min(1),
  grantToken: z.string().min(1),
});
export type DeliverKeyOutput = z.infer<typeof DeliverKeyOutput>;

export interface DeliverKeyDeps extends GrantedKey {
  readonly study: string;
  readonly workerRoleArn: string;
}

/** What KMS answers when the key is disabled, pending deletion, or deleted. */
const unavailable = new Set(['DisabledException', 'KMSInvalidStateException', 'NotFoundException']);

/**
 * Lets one worker decrypt one batch, and nothing else, until the grant is revoked.
 *
 * The grantee is the one session that EC2 gives this instance. The grant's name is derived from
 * run, worker and attempt, so KMS answers a repeated call with the same grant.
 *
 * @throws RunEndedError in a run that is over.
 * @throws KeyUnavailableError when the data key is disabled, pending deletion or deleted.
 */
export async function deliverKey(
  input: DeliverKeyInput,
  { kms, keyArn, study, workerRoleArn }: DeliverKeyDeps,
): Promise<DeliverKeyOutput> {
  refuseEndedRun(input);
  try {
    const { GrantId, GrantToken } = await kms.send(
      new CreateGrantCommand({
        KeyId: keyArn,
        GranteePrincipal: sessionArn(workerRoleArn, input.instanceId),
        Operations: ['Decrypt', 'GenerateDataKey'],
        Constraints: { EncryptionContextSubset: { study, batch: input.batchId } },
        Name: grantName({ study, ...input }, input.workerIndex, input.attempt),
      }),
    );
    if (GrantId === undefined || GrantToken === undefined) {
      throw new ContractError('KMS answered a new grant without its id or token');
    }
    return { grantId: GrantId, grantToken: GrantToken };
  } catch (error) {
    if (!isAwsError(error, unavailable)) throw error;
    throw new KeyUnavailableError(`the data key cannot be used now (${error.name})`, {
      cause: error,
    });
  }
}

/** ARN of the session that the instance's credentials belong to: EC2 names it by the instance's id. */
function sessionArn(roleArn: string, instanceId: string): string {
  const [, partition, , , account, resource] = roleArn.split(':');
  const roleName = resource?.split('/').at(-1);
  if (!resource?.startsWith('role/') || roleName === undefined) {
    throw new ContractError('WORKER_ROLE_ARN is not the ARN of a role');
  }
  return `arn:${partition ?? ''}:sts::${account ?? ''}:assumed-role/${roleName}/${instanceId}`;
}
