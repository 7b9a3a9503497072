import { describe, expect, it } from 'vitest';
import { decide, type Caller } from '../../../local/policy/evaluate.ts';
import { UnsupportedPolicyError } from '../../../local/policy/unsupported-policy-error.ts';
import {
  account,
  isAllowed,
  objectArn,
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

const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::input/*' };
const denyRead = { ...read, Effect: 'Deny' };
const everyone = { ...read, Principal: '*' };

describe('identity policies', () => {
  it('deny what none of them allows', () => {
    expect(isAllowed(worker())).toBe(false);
    expect(isAllowed(worker({ ...read, Action: 's3:PutObject' }))).toBe(false);
    expect(isAllowed(worker({ ...read, Resource: 'arn:aws:s3:::output/*' }))).toBe(false);
  });

  it('allow when any statement of any of them does', () => {
    const identityPolicies = [
      { name: 'First', document: policy({ ...read, Action: 's3:PutObject' }) },
      { name: 'Second', document: policy({ ...read, Action: 's3:ListBucket' }, read) },
    ];

    const decision = decide({ ...worker(), identityPolicies }, request());

    expect(decision).toEqual({ allowed: true, by: 'Second, statement 1' });
  });

  it('deny when any of them denies, whatever the others allow', () => {
    expect(isAllowed(worker(read, denyRead))).toBe(false);
    expect(isAllowed(worker(denyRead, read))).toBe(false);
    expect(isAllowed(worker(read, { ...denyRead, Action: 's3:PutObject' }))).toBe(true);
  });

  it('are not needed by the account root, which a resource policy can still deny', () => {
    expect(decide(root, request())).toEqual({ allowed: true, by: 'account root user' });
    expect(isAllowed(root, { resourcePolicy: policy({ ...denyRead, Principal: '*' }) })).toBe(
      false,
    );
  });

  it('may not name a principal', () => {
    const act = () => isAllowed(worker(everyone));

    expect(act).toThrow(UnsupportedPolicyError);
    expect(act).toThrow('WorkerPolicy: Principal: is not possible in an identity policy');
  });
});

describe('resource policies', () => {
  const otherRole = `arn:aws:iam::${account}:role/Worker2`;

  it.each<[string, unknown, Caller, boolean]>([
    ['everyone', '*', worker(), true],
    ['every AWS principal', { AWS: '*' }, worker(), true],
    ['the role', { AWS: roleArn }, worker(), true],
    ['the session', { AWS: sessionArn }, worker(), true],
    ['another session of the role', { AWS: `${sessionArn}2` }, worker(), false],
    ['a role with a longer name', { AWS: otherRole }, worker(), false],
    ['one of several roles', { AWS: [otherRole, roleArn] }, worker(), true],
    ['the user', { AWS: user.principalArn }, user, true],
    [
      'a user of the same name without its path',
      { AWS: `arn:aws:iam::${account}:user/ana` },
      user,
      false,
    ],
    ['the role, for a user', { AWS: roleArn }, user, false],
    ['the account root, for a session', { AWS: rootArn }, worker(), false],
    ['the account, for a session', { AWS: account }, worker(), false],
    ['the account root, for a user', { AWS: rootArn }, user, false],
    ['the role, for a user who claims it', { AWS: roleArn }, { ...user, roleArn }, false],
    ['the account root, before the role', { AWS: [rootArn, roleArn] }, worker(), true],
    ['a service, for a session', { Service: 's3.amazonaws.com' }, worker(), false],
  ])(
    'allow %s without an identity policy only where they name the caller',
    (_whom, principal, caller, expected) => {
      const resourcePolicy = policy({ ...read, Principal: principal });

      expect(isAllowed(caller, { resourcePolicy })).toBe(expected);
    },
  );

  it('name a role with a path by the ARN the caller brings, which its session does not tell', () => {
    const withPath = `arn:aws:iam::${account}:role/study/Worker`;
    const resourcePolicy = policy({ ...read, Principal: { AWS: withPath } });

    expect(isAllowed({ ...worker(), roleArn: withPath }, { resourcePolicy })).toBe(true);
    expect(isAllowed(worker(), { resourcePolicy })).toBe(false);
  });

  it('are not needed where an identity policy allows', () => {
    expect(
      isAllowed(worker(read), {
        resourcePolicy: policy({ ...read, Principal: { AWS: otherRole } }),
      }),
    ).toBe(true);
  });

  it.each<[string, unknown, boolean]>([
    ['everyone', '*', true],
    ['the role', { AWS: roleArn }, true],
    ['the session', { AWS: sessionArn }, true],
    ['the whole account', { AWS: rootArn }, true],
    ['another account', { AWS: otherAccount }, false],
    ['another role', { AWS: otherRole }, false],
    ['a service', { Service: 's3.amazonaws.com' }, false],
  ])('deny %s over an identity policy that allows', (_whom, principal, denied) => {
    const resourcePolicy = policy({ ...denyRead, Principal: principal });

    expect(isAllowed(worker(read), { resourcePolicy })).toBe(!denied);
  });

  it('deny plain HTTP as a bucket with enforced TLS does', () => {
    const resourcePolicy = policy({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:*',
      Resource: ['arn:aws:s3:::input', 'arn:aws:s3:::input/*'],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });

    expect(
      isAllowed(worker(read), { resourcePolicy, context: { 'aws:SecureTransport': true } }),
    ).toBe(true);
    expect(
      isAllowed(worker(read), { resourcePolicy, context: { 'aws:SecureTransport': false } }),
    ).toBe(false);
  });

  it('must name a principal', () => {
    expect(() => isAllowed(worker(), { resourcePolicy: policy(read) })).toThrow(
      'resource policy: Principal: is missing',
    );
  });
});

describe('services', () => {
  const topic = `arn:aws:sns:eu-west-1:${account}:events`;
  const publish = {
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'sns:Publish',
    Resource: topic,
    Condition: {
      ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::input' },
      StringEquals: { 'aws:SourceAccount': account },
    },
  };
  const context = { 'aws:SourceArn': 'arn:aws:s3:::input', 'aws:SourceAccount': account };
  const call = { action: 'sns:Publish', resource: topic, context, resourcePolicy: policy(publish) };

  it('are allowed by the resource policy that names them', () => {
    expect(isAllowed(service('s3.amazonaws.com'), call)).toBe(true);
  });

  it('are denied under another name, for another source and without a policy', () => {
    const { resourcePolicy: _ignored, ...without } = call;

    expect(isAllowed(service('sns.amazonaws.com'), call)).toBe(false);
    expect(isAllowed(service('s3.amazonaws.com.cn'), call)).toBe(false);
    expect(isAllowed(service('s3.amazonaws.com'), { ...call, context: {} })).toBe(false);
    expect(isAllowed(service('s3.amazonaws.com'), without)).toBe(false);
  });

  it('are allowed and denied by * like everyone', () => {
    const open = policy({ ...publish, Principal: '*' });
    const shut = policy(publish, {
      Effect: 'Deny',
      Principal: '*',
      Action: 'sns:*',
      Resource: '*',
    });

    expect(isAllowed(service('s3.amazonaws.com'), { ...call, resourcePolicy: open })).toBe(true);
    expect(isAllowed(service('s3.amazonaws.com'), { ...call, resourcePolicy: shut })).toBe(false);
  });

  it('gain nothing from identity policies or from their account', () => {
    const identityPolicies = [
      { name: 'Any', document: policy({ Effect: 'Allow', Action: '*', Resource: '*' }) },
    ];
    const caller: Caller = { ...service('s3.amazonaws.com'), identityPolicies };
    const resourcePolicy = policy({ ...publish, Principal: { AWS: account } });

    expect(isAllowed(caller, { ...call, resourcePolicy })).toBe(false);
  });

  it('are not denied by a statement to the account', () => {
    const deny = { Effect: 'Deny', Principal: { AWS: account }, Action: 'sns:*', Resource: topic };

    expect(
      isAllowed(service('s3.amazonaws.com'), { ...call, resourcePolicy: policy(publish, deny) }),
    ).toBe(true);
  });

  it('are told apart from a session that bears the name of a service', () => {
    const impostor: Caller = { ...worker(), principalArn: 's3.amazonaws.com' };

    expect(isAllowed(impostor, call)).toBe(false);
  });

  it('reach resources of another account when its policy names them', () => {
    const foreign = { ...service('s3.amazonaws.com'), accountId: otherAccount };

    expect(isAllowed(foreign, call)).toBe(true);
  });
});

describe('certificates of devices', () => {
  const topicOf = (device: string) => `arn:aws:iot:eu-west-1:${account}:topic/d/${device}/obs`;
  const own = {
    Effect: 'Allow',
    Action: 'iot:Publish',
    Resource: topicOf('${iot:Connection.Thing.ThingName}'),
  };
  const certificate = (...statements: object[]): Caller => ({
    accountId: account,
    principalArn: `arn:aws:iot:eu-west-1:${account}:cert/0abc`,
    type: 'Certificate',
    identityPolicies: [{ name: 'devices', document: policy(...statements) }],
  });
  const publishes = (caller: Caller, device: string, thing?: string) =>
    isAllowed(caller, {
      action: 'iot:Publish',
      resource: topicOf(device),
      context: { 'iot:Connection.Thing.ThingName': thing },
    });

  it('do what their policies allow the thing that they stand for', () => {
    expect(publishes(certificate(own), 'A', 'A')).toBe(true);
    expect(publishes(certificate(own), 'B', 'A')).toBe(false);
    expect(publishes(certificate(own), '*', 'A')).toBe(false);
    expect(publishes(certificate(own), 'A')).toBe(false);
  });

  it('are no principals of IAM', () => {
    const anybody = { ...own, Condition: { Null: { 'aws:PrincipalArn': 'false' } } };

    expect(publishes(certificate(anybody), 'A', 'A')).toBe(false);
  });
});

describe('calls across accounts', () => {
  const foreign: Caller = {
    accountId: otherAccount,
    principalArn: `arn:aws:sts::${otherAccount}:assumed-role/Guest/s`,
    roleArn: `arn:aws:iam::${otherAccount}:role/Guest`,
    type: 'AssumedRole',
    identityPolicies: [],
  };
  const identityPolicies = [
    { name: 'Guest', document: policy({ Effect: 'Allow', Action: '*', Resource: '*' }) },
  ];
  const queue = `arn:aws:sqs:eu-west-1:${account}:work`;
  const receive = { action: 'sqs:ReceiveMessage', resource: queue };
  const open = policy({
    Effect: 'Allow',
    Principal: { AWS: otherAccount },
    Action: 'sqs:*',
    Resource: queue,
  });

  it('are denied when only one side allows', () => {
    expect(isAllowed({ ...foreign, identityPolicies }, receive)).toBe(false);
    expect(isAllowed(foreign, { ...receive, resourcePolicy: open })).toBe(false);
    expect(
      isAllowed(foreign, {
        ...receive,
        resourcePolicy: policy({ ...everyone, Action: '*', Resource: '*' }),
      }),
    ).toBe(false);
  });

  it('are allowed when both sides allow', () => {
    expect(isAllowed({ ...foreign, identityPolicies }, { ...receive, resourcePolicy: open })).toBe(
      true,
    );
  });

  it('are denied when the other side allows the own account only', () => {
    const own = policy({
      Effect: 'Allow',
      Principal: { AWS: account },
      Action: 'sqs:*',
      Resource: queue,
    });

    expect(isAllowed({ ...foreign, identityPolicies }, { ...receive, resourcePolicy: own })).toBe(
      false,
    );
  });

  it('are recognised by aws:ResourceAccount where the ARN names no account', () => {
    const context = { 'aws:ResourceAccount': account };

    expect(isAllowed({ ...foreign, identityPolicies }, { context })).toBe(false);
    expect(isAllowed({ ...foreign, identityPolicies }, {})).toBe(true);
  });

  it('are denied to the account root of another account without the resource policy', () => {
    const foreignRoot: Caller = {
      ...root,
      accountId: otherAccount,
      principalArn: `arn:aws:iam::${otherAccount}:root`,
    };

    expect(isAllowed(foreignRoot, receive)).toBe(false);
    expect(isAllowed(foreignRoot, { ...receive, resourcePolicy: open })).toBe(true);
  });
});

describe('VPC endpoint policies', () => {
  const own = policy({
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:*',
    Resource: 'arn:aws:s3:::input/*',
  });
  const other = policy({
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:*',
    Resource: 'arn:aws:s3:::output/*',
  });

  it('must each allow what the others allow', () => {
    expect(isAllowed(worker(read), { endpointPolicies: [own] })).toBe(true);
    expect(isAllowed(worker(read), { endpointPolicies: [other] })).toBe(false);
    expect(isAllowed(worker(read), { endpointPolicies: [own, other] })).toBe(false);
  });

  it('allow nothing by themselves', () => {
    expect(isAllowed(worker(), { endpointPolicies: [own] })).toBe(false);
  });

  it('deny over everything else, also to the account root', () => {
    const shut = policy({ ...everyone }, { ...denyRead, Principal: '*' });

    expect(isAllowed(worker(read), { endpointPolicies: [shut] })).toBe(false);
    expect(isAllowed(root, { endpointPolicies: [shut] })).toBe(false);
  });

  it('that name an account open to its root only', () => {
    const accountOnly = policy({ ...read, Principal: { AWS: account } });

    expect(isAllowed(worker(read), { endpointPolicies: [accountOnly] })).toBe(false);
    expect(isAllowed(root, { endpointPolicies: [accountOnly] })).toBe(true);
  });

  it('may limit the principal by a condition', () => {
    const workers = policy({
      ...everyone,
      Condition: { ArnEquals: { 'aws:PrincipalArn': roleArn } },
    });

    expect(isAllowed(worker(read), { endpointPolicies: [workers] })).toBe(true);
    expect(isAllowed(root, { endpointPolicies: [workers] })).toBe(false);
  });
});

describe('trust policies', () => {
  const assume = { action: 'sts:AssumeRole', resource: roleArn };
  const mayAssume = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn };
  const trust = (principal: unknown) =>
    policy({ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' });

  it('let in a service they name, and no other', () => {
    const trustPolicy = trust({ Service: 'lambda.amazonaws.com' });

    expect(isAllowed(service('lambda.amazonaws.com'), { ...assume, trustPolicy })).toBe(true);
    expect(isAllowed(service('ec2.amazonaws.com'), { ...assume, trustPolicy })).toBe(false);
    expect(isAllowed(worker(mayAssume), { ...assume, trustPolicy })).toBe(false);
  });

  it('that name the account need an identity policy beside them', () => {
    const trustPolicy = trust({ AWS: rootArn });

    expect(isAllowed(worker(), { ...assume, trustPolicy })).toBe(false);
    expect(isAllowed(worker(mayAssume), { ...assume, trustPolicy })).toBe(true);
  });

  it('that name the caller need nothing beside them', () => {
    expect(isAllowed(worker(), { ...assume, trustPolicy: trust({ AWS: roleArn }) })).toBe(true);
  });
});

describe('a decision', () => {
  const start = `User: ${sessionArn} is not authorized to perform: s3:GetObject on resource: ${objectArn} `;

  it('names policy, position and Sid of the statement that allows', () => {
    const caller = worker({ ...read, Action: 's3:ListBucket' }, { ...read, Sid: 'ReadInput' });

    expect(decide(caller, request())).toEqual({
      allowed: true,
      by: 'WorkerPolicy, statement 1 (ReadInput)',
    });
    expect(decide(worker(), request({ resourcePolicy: policy(everyone) }))).toEqual({
      allowed: true,
      by: 'resource policy, statement 0',
    });
  });

  it('says that no policy allows, in the words of AWS', () => {
    expect(decide(worker(), request())).toEqual({
      allowed: false,
      explicit: false,
      because: `${start}because no identity-based policy allows the s3:GetObject action`,
    });
  });

  it('says which policy denies, in the words of AWS', () => {
    const resourcePolicy = policy({ ...denyRead, Principal: '*', Sid: 'NoReads' });
    const endpointPolicies = [policy({ ...denyRead, Principal: '*' })];

    expect(decide(worker(read), request({ resourcePolicy }))).toEqual({
      allowed: false,
      explicit: true,
      because: `${start}with an explicit deny in a resource-based policy: resource policy, statement 0 (NoReads)`,
    });
    expect(decide(worker(read, denyRead), request())).toMatchObject({
      explicit: true,
      because: `${start}with an explicit deny in an identity-based policy: WorkerPolicy, statement 1`,
    });
    expect(decide(worker(read), request({ endpointPolicies }))).toMatchObject({
      because: `${start}with an explicit deny in a VPC endpoint policy: endpoint policy, statement 0`,
    });
  });

  it('names the kind of policy that would have to allow', () => {
    const endpointPolicies = [policy({ ...everyone, Action: 's3:PutObject' })];
    const trustPolicy = policy({ ...everyone, Principal: { Service: 'ec2.amazonaws.com' } });

    expect(decide(worker(read), request({ endpointPolicies }))).toMatchObject({
      because: `${start}because no VPC endpoint policy allows the s3:GetObject action`,
    });
    expect(decide(worker(read), request({ trustPolicy }))).toMatchObject({
      because: `${start}because no role trust policy allows the s3:GetObject action`,
    });
    expect(decide(service('s3.amazonaws.com'), request())).toMatchObject({
      because: expect.stringContaining('because no resource-based policy allows') as string,
    });
  });

  it('is refused for a resource with two policies', () => {
    const both = { resourcePolicy: policy(everyone), trustPolicy: policy(everyone) };

    expect(() => decide(worker(), request(both))).toThrow('a resource has one policy');
  });
});
