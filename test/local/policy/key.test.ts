import { describe, expect, it } from 'vitest';
import {
  decide,
  type AccessRequest,
  type Caller,
  type Grant,
} from '../../../local/policy/evaluate.ts';
import {
  account,
  isAllowed,
  keyArn,
  otherAccount,
  policy,
  request,
  roleArn,
  root,
  rootArn,
  service,
  sessionArn,
  user,
  worker,
} from './calls.ts';

const decrypt = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn };
const delegation = { Effect: 'Allow', Principal: { AWS: rootArn }, Action: 'kms:*', Resource: '*' };
const silent = {
  Effect: 'Allow',
  Principal: { AWS: user.principalArn },
  Action: 'kms:DescribeKey',
  Resource: '*',
};

const grant: Grant = {
  grantId: 'g-1',
  granteePrincipal: roleArn,
  operations: ['Decrypt', 'DescribeKey'],
};

function onKey(
  statements: object[],
  grants: Grant[] = [],
  changes: Partial<AccessRequest> = {},
): AccessRequest {
  const keyPolicy = { document: policy(...statements), grants };
  return request({ action: 'kms:Decrypt', resource: keyArn, keyPolicy, ...changes });
}

function encryptionContext(pairs: Record<string, string>): AccessRequest['context'] {
  return Object.fromEntries(
    Object.entries(pairs).map(([key, value]) => [`kms:EncryptionContext:${key}`, value]),
  );
}

describe('key policies', () => {
  it('that delegate to the account let identity policies decide', () => {
    expect(decide(worker(decrypt), onKey([delegation])).allowed).toBe(true);
    expect(decide(worker(), onKey([delegation])).allowed).toBe(false);
    expect(decide(worker({ ...decrypt, Action: 'kms:Encrypt' }), onKey([delegation])).allowed).toBe(
      false,
    );
  });

  it('that do not delegate leave identity policies without effect', () => {
    expect(decide(worker(decrypt), onKey([silent]))).toMatchObject({
      allowed: false,
      explicit: false,
      because: expect.stringContaining(
        'because no resource-based policy allows the kms:Decrypt action',
      ) as string,
    });
  });

  it('delegate only what their statement to the account covers', () => {
    const administration = { ...delegation, Action: ['kms:Describe*', 'kms:Put*'] };
    const viaS3 = {
      ...delegation,
      Condition: { StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' } },
    };
    const context = { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' };

    expect(decide(worker(decrypt), onKey([administration])).allowed).toBe(false);
    expect(decide(worker(decrypt), onKey([viaS3])).allowed).toBe(false);
    expect(decide(worker(decrypt), onKey([viaS3], [], { context })).allowed).toBe(true);
  });

  it('that delegate to another account delegate nothing to this one', () => {
    const elsewhere = { ...delegation, Principal: { AWS: otherAccount } };

    expect(decide(worker(decrypt), onKey([elsewhere])).allowed).toBe(false);
  });

  it.each<[string, unknown, Caller, boolean]>([
    ['the role', { AWS: roleArn }, worker(), true],
    ['the session', { AWS: sessionArn }, worker(), true],
    ['everyone', { AWS: '*' }, worker(), true],
    ['the root, for the root', { AWS: rootArn }, root, true],
    ['a role, for the root', { AWS: roleArn }, root, false],
    ['a service', { Service: 'sns.amazonaws.com' }, service('sns.amazonaws.com'), true],
    ['another service', { Service: 'sns.amazonaws.com' }, service('s3.amazonaws.com'), false],
    ['the account, for a service', { AWS: rootArn }, service('s3.amazonaws.com'), false],
  ])('that name %s decide without identity policies', (_whom, principal, caller, expected) => {
    expect(decide(caller, onKey([{ ...delegation, Principal: principal }])).allowed).toBe(expected);
  });

  it('deny over identity policies and grants', () => {
    const denied = { Effect: 'Deny', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };

    expect(decide(worker(decrypt), onKey([delegation, denied], [grant]))).toMatchObject({
      explicit: true,
      because: expect.stringContaining(
        'in a resource-based policy: key policy, statement 1',
      ) as string,
    });
  });

  it('bind a use to its encryption context', () => {
    const bound = {
      ...delegation,
      Principal: { AWS: roleArn },
      Condition: {
        StringEquals: {
          'kms:EncryptionContext:study': 'st1',
          'kms:EncryptionContext:kind': 'result',
        },
      },
    };

    const uses = (pairs: Record<string, string>) =>
      decide(worker(), onKey([bound], [], { context: encryptionContext(pairs) })).allowed;

    expect(uses({ study: 'st1', kind: 'result' })).toBe(true);
    expect(uses({ study: 'st1', kind: 'result', batch: 'b' })).toBe(true);
    expect(uses({ study: 'st1', kind: 'input' })).toBe(false);
    expect(uses({ study: 'st1' })).toBe(false);
    expect(uses({ study: 'st1', kind: 'result', Kind: 'input' })).toBe(false);
  });

  it('of another account need an identity policy beside them', () => {
    const foreign: Caller = { ...worker(), accountId: otherAccount };
    const open = { ...delegation, Principal: '*' };

    expect(decide(foreign, onKey([open])).allowed).toBe(false);
    expect(decide({ ...worker(decrypt), accountId: otherAccount }, onKey([open])).allowed).toBe(
      true,
    );
    expect(decide({ ...worker(decrypt), accountId: otherAccount }, onKey([silent])).allowed).toBe(
      false,
    );
  });

  it('do not spare the call its endpoint policy', () => {
    const endpointPolicies = [
      policy({ Effect: 'Allow', Principal: '*', Action: 'kms:Encrypt', Resource: '*' }),
    ];

    expect(
      decide(worker(decrypt), onKey([delegation], [grant], { endpointPolicies })).allowed,
    ).toBe(false);
  });
});

describe('grants', () => {
  function uses(
    changes: Partial<Grant>,
    caller: Caller = worker(),
    call: Partial<AccessRequest> = {},
  ): boolean {
    return decide(caller, onKey([silent], [{ ...grant, ...changes }], call)).allowed;
  }

  it('allow their grantee their operations, without any policy', () => {
    expect(decide(worker(), onKey([silent], [grant]))).toEqual({ allowed: true, by: 'grant g-1' });
  });

  it.each<[string, string, boolean]>([
    ['the role', roleArn, true],
    ['the session', sessionArn, true],
    ['another session of the role', `${sessionArn}2`, false],
    ['another role', `${roleArn}2`, false],
    ['the account', rootArn, false],
    ['everyone', '*', false],
  ])(
    'to %s reach the session of a role only when they name it or its role',
    (_whom, granteePrincipal, expected) => {
      expect(uses({ granteePrincipal })).toBe(expected);
    },
  );

  it('reach a user and a service by name', () => {
    expect(uses({ granteePrincipal: user.principalArn }, user)).toBe(true);
    expect(uses({}, user)).toBe(false);
    expect(
      uses({ granteePrincipal: 'dynamodb.amazonaws.com' }, service('dynamodb.amazonaws.com')),
    ).toBe(true);
  });

  it('allow no operation they do not list', () => {
    expect(uses({ operations: ['Encrypt', 'GenerateDataKey'] })).toBe(false);
    expect(uses({}, worker(), { action: 'kms:Encrypt' })).toBe(false);
    expect(uses({}, worker(), { action: 'kms:DescribeKey' })).toBe(true);
  });

  it('speak of KMS operations only', () => {
    expect(uses({}, worker(), { action: 'vault:Decrypt' })).toBe(false);
  });

  it('never allow to create further grants', () => {
    expect(uses({ operations: ['CreateGrant'] }, worker(), { action: 'kms:CreateGrant' })).toBe(
      false,
    );
  });

  it('may be one of several', () => {
    const others = [
      { ...grant, grantId: 'g-0', granteePrincipal: `${roleArn}2` },
      { ...grant, grantId: 'g-2' },
    ];

    expect(decide(worker(), onKey([silent], others))).toEqual({ allowed: true, by: 'grant g-2' });
  });

  it.each<[Record<string, string>, Record<string, string>, boolean, boolean]>([
    [{ study: 's', batch: 'b' }, { study: 's', batch: 'b' }, true, true],
    [{ study: 's', batch: 'b' }, { batch: 'b', study: 's', kind: 'input' }, false, true],
    [{ study: 's', batch: 'b' }, { study: 's' }, false, false],
    [{ study: 's', batch: 'b' }, { study: 's', batch: 'c' }, false, false],
    [{ study: 's', batch: 'b' }, { study: 's', batch: 'B' }, false, false],
    [{ study: 's', batch: 'b' }, { Study: 's', BATCH: 'b' }, true, true],
    [{ STUDY: 's' }, { study: 's' }, true, true],
    [{ study: 's', batch: 'b' }, {}, false, false],
    [{ study: 's*' }, { study: 'st' }, false, false],
    [{ study: 's' }, { study: 's', Study: 't' }, false, false],
  ])(
    'bound to %j meet a call with %j: equals %s, subset %s',
    (constraint, sent, equals, subset) => {
      const context = encryptionContext(sent);

      expect(uses({ encryptionContextEquals: constraint }, worker(), { context })).toBe(equals);
      expect(uses({ encryptionContextSubset: constraint }, worker(), { context })).toBe(subset);
    },
  );

  it('ask for both constraints when both are given', () => {
    const both = {
      encryptionContextEquals: { study: 's' },
      encryptionContextSubset: { batch: 'b' },
    };

    expect(uses(both, worker(), { context: encryptionContext({ study: 's' }) })).toBe(false);
  });

  it('do not constrain DescribeKey, which has no encryption context', () => {
    const bound = { encryptionContextEquals: { study: 's' } };

    expect(uses(bound, worker(), { action: 'kms:DescribeKey' })).toBe(true);
    expect(uses(bound, worker(), { action: 'kms:Decrypt' })).toBe(false);
  });
});

describe('RetireGrant', () => {
  const admin = `arn:aws:iam::${account}:role/Deliver`;
  const retirable: Grant = { ...grant, retiringPrincipal: admin };
  const deliver: Caller = {
    ...worker(),
    principalArn: `arn:aws:sts::${account}:assumed-role/Deliver/lambda`,
    roleArn: admin,
  };
  const mayRetire = { Effect: 'Allow', Action: 'kms:RetireGrant', Resource: keyArn };

  function retires(
    caller: Caller,
    changes: Partial<Grant> = {},
    statements: object[] = [silent],
    retiredGrantId = 'g-1',
  ) {
    const keyPolicy = {
      document: policy(...statements),
      grants: [{ ...retirable, ...changes }],
      retiredGrantId,
    };
    return isAllowed(caller, { action: 'kms:RetireGrant', resource: keyArn, keyPolicy });
  }

  it('is open to the retiring principal, whatever the operations', () => {
    expect(retires(deliver)).toBe(true);
    expect(retires(deliver, { retiringPrincipal: `${admin}2` })).toBe(false);
    expect(retires(deliver, { retiringPrincipal: undefined })).toBe(false);
    expect(retires(user, { retiringPrincipal: undefined })).toBe(false);
  });

  it('is open to the grantee when it is among the operations, or when it also retires', () => {
    expect(retires(worker())).toBe(false);
    expect(retires(worker(), { operations: ['Decrypt', 'RetireGrant'] })).toBe(true);
    expect(retires(worker(), { retiringPrincipal: roleArn })).toBe(true);
  });

  it('is not held up by a constraint on the encryption context', () => {
    const bound = { operations: ['RetireGrant'], encryptionContextEquals: { study: 's' } };

    expect(retires(worker(), bound)).toBe(true);
  });

  it('concerns the named grant only', () => {
    expect(retires(deliver, {}, [silent], 'g-9')).toBe(false);
  });

  it('is open to an identity policy of the account, not to the key policy', () => {
    expect(retires(worker(mayRetire))).toBe(true);
    expect(retires(root)).toBe(true);
    expect(retires(worker(), {}, [{ ...delegation, Principal: '*' }])).toBe(false);
    expect(retires({ ...worker(mayRetire), accountId: otherAccount })).toBe(false);
  });

  it('is closed to a service that the grant does not name', () => {
    const { identityPolicies } = worker(mayRetire);

    expect(retires({ ...service('s3.amazonaws.com'), identityPolicies })).toBe(false);
    expect(retires(service('s3.amazonaws.com'), {}, [{ ...delegation, Principal: '*' }])).toBe(
      false,
    );
  });

  it('is closed by an explicit deny, also to the retiring principal', () => {
    const deny = {
      Effect: 'Deny',
      Principal: { AWS: admin },
      Action: 'kms:RetireGrant',
      Resource: '*',
    };

    expect(retires(deliver, {}, [silent, deny])).toBe(false);
  });

  it('cannot be decided without the grant it is about', () => {
    const act = () => decide(deliver, onKey([silent], [retirable], { action: 'kms:RetireGrant' }));

    expect(act).toThrow('kms:RetireGrant needs keyPolicy.retiredGrantId');
  });
});
