import { CreateGrantCommand, KMSClient } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { beforeEach, describe, expect, it } from 'vitest';
import { deliverKey } from '../../tasks/deliver-key/deliver-key.ts';
import { grantName } from '../../workflow/model/names.ts';
import { awsError } from './aws-error.ts';
import { instanceId, run, liveSlot } from './runs.ts';

const kms = mockClient(KMSClient);
const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/data';
const deliver = (workerRoleArn = 'arn:aws:iam::111122223333:role/path/WorkerRole') =>
  deliverKey(
    { ...liveSlot, instanceId },
    { kms: new KMSClient({}), keyArn, study: 'czarhipaa', workerRoleArn },
  );

beforeEach(() => {
  kms.reset();
  kms.on(CreateGrantCommand).resolves({ GrantId: 'grant-id', GrantToken: 'grant-token' });
});

describe('Deliver Key', () => {
  it('grants the one instance’s session to decrypt the one batch, and nothing else', async () => {
    const delivered = await deliver();

    expect(delivered).toEqual({ grantId: 'grant-id', grantToken: 'grant-token' });
    expect(kms).toHaveReceivedCommandExactlyOnceWith(CreateGrantCommand, {
      KeyId: keyArn,
      GranteePrincipal: `arn:aws:sts::111122223333:assumed-role/WorkerRole/${instanceId}`,
      Operations: ['Decrypt', 'GenerateDataKey'],
      Constraints: { EncryptionContextSubset: { study: 'czarhipaa', batch: run.batchId } },
      Name: grantName({ study: 'czarhipaa', ...run }, 1, 1),
    });
  });

  it('asks for a grant of the same name when it is called again', async () => {
    await deliver();
    await deliver();

    const [first, second] = kms
      .commandCalls(CreateGrantCommand)
      .map(({ args: [{ input }] }) => input);
    expect(second).toEqual(first);
  });

  it.each(['DisabledException', 'KMSInvalidStateException', 'NotFoundException'])(
    'finds the key unavailable on %s',
    async (name) => {
      kms.on(CreateGrantCommand).rejects(awsError(name));

      await expect(deliver()).rejects.toMatchObject({
        name: 'KeyUnavailableError',
        message: `the data key cannot be used now (${name})`,
      });
    },
  );

  it('leaves other errors of KMS alone', async () => {
    kms.on(CreateGrantCommand).rejects(awsError('LimitExceededException'));

    await expect(deliver()).rejects.toMatchObject({ name: 'LimitExceededException' });
  });

  it('refuses to make a grantee of what is no role', async () => {
    await expect(deliver('arn:aws:iam::111122223333:user/jane')).rejects.toMatchObject({
      name: 'ContractError',
    });
    expect(kms).not.toHaveReceivedAnyCommand();
  });
});
