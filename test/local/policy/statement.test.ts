import { describe, expect, it } from 'vitest';
import type { ContextValues } from '../../../local/policy/request-context.ts';
import { account, isAllowed, policy, root, service, user, worker } from './calls.ts';

const all = { Effect: 'Allow', Action: '*', Resource: '*' };

describe('Action and NotAction', () => {
  it.each([
    ['s3:GetObject', 's3:GetObject', true],
    ['S3:getobject', 's3:GetObject', true],
    ['s3:GetObject', 's3:getobject', true],
    ['s3:Get*', 's3:GetObject', true],
    ['s3:*Object', 's3:GetObject', true],
    ['s3:*', 's3:GetObject', true],
    ['*', 's3:GetObject', true],
    ['s3:Get?bject', 's3:GetObject', true],
    ['s3:Get?Object', 's3:GetObject', false],
    ['s3:Get', 's3:GetObject', false],
    ['s3:GetObject', 's3:GetObjectVersion', false],
    ['s3:GetObjectVersion', 's3:GetObject', false],
    ['s3:Object', 's3:GetObject', false],
    ['s3:*', 's3express:CreateSession', false],
    ['s3:*', 'sns:Publish', false],
    [['sns:Publish', 's3:GetObject'], 's3:GetObject', true],
  ])('Action %j covers %s: %s, and NotAction the rest', (pattern, action, expected) => {
    const covered = isAllowed(worker({ ...all, Action: pattern }), { action });
    const others = isAllowed(worker({ Effect: 'Allow', NotAction: pattern, Resource: '*' }), {
      action,
    });

    expect(covered).toBe(expected);
    expect(others).toBe(!expected);
  });

  it('denies everything but the named actions', () => {
    const caller = worker(all, {
      Effect: 'Deny',
      NotAction: ['s3:GetObject', 's3:List*'],
      Resource: '*',
    });

    expect(isAllowed(caller, { action: 's3:GetObject' })).toBe(true);
    expect(isAllowed(caller, { action: 's3:PutObject' })).toBe(false);
  });
});

describe('Resource and NotResource', () => {
  it.each([
    ['arn:aws:s3:::input/a', 'arn:aws:s3:::input/a', true],
    ['arn:aws:s3:::input/*', 'arn:aws:s3:::input/a/b/c', true],
    ['arn:aws:s3:::input/*', 'arn:aws:s3:::input/', true],
    ['arn:aws:s3:::input/*', 'arn:aws:s3:::input', false],
    ['arn:aws:s3:::input', 'arn:aws:s3:::input/a', false],
    ['arn:aws:s3:::input*', 'arn:aws:s3:::input-of-others/a', true],
    ['arn:aws:s3:::input/*', 'arn:aws:s3:::input-of-others/a', false],
    ['arn:aws:s3:::input/A', 'arn:aws:s3:::input/a', false],
    ['arn:aws:s3:::input/?', 'arn:aws:s3:::input/ab', false],
    ['arn:aws:s3:::input/*/b/*', 'arn:aws:s3:::input/a/b/c', true],
    ['arn:aws:s3:::input/*b*d', 'arn:aws:s3:::input/abcbdcd', true],
    ['arn:aws:s3:::input/*b*d', 'arn:aws:s3:::input/abcbdc', false],
    ['arn:aws:s3:::input/[a]', 'arn:aws:s3:::input/a', false],
    ['arn:aws:s3:::input/.', 'arn:aws:s3:::input/a', false],
    ['arn:aws:logs:eu-west-1:1:*', 'arn:aws:logs:eu-west-1:1:log-group:g:log-stream:s', true],
    [
      'arn:aws:logs:eu-west-1:1:log-group:*:s',
      'arn:aws:logs:eu-west-1:1:log-group:g:log-stream:s',
      true,
    ],
    ['arn:aws:sqs:*:111122223333:work', 'arn:aws:sqs:eu-west-1:111122223333:work', true],
    ['arn:aws:sqs:*:work', 'arn:aws:sqs:eu-west-1:111122223333:work', false],
    ['arn:aws:sqs:eu*:work', 'arn:aws:sqs:eu-west-1:111122223333:work', false],
    ['arn:aws:sqs:eu-west-1:444455556666:*', 'arn:aws:sqs:eu-west-1:111122223333:work', false],
    ['arn:aws:sqs', 'arn:aws:sqs:eu-west-1:111122223333:work', true],
    ['arn:aws:sns', 'arn:aws:sqs:eu-west-1:111122223333:work', false],
    ['*', 'arn:aws:s3:::input/a', true],
    ['*', '*', true],
    ['arn:aws:s3:::*', '*', false],
    ['arn:aws:s3:::a', 'arn:aws:s3:::\u{1F600}', false],
    ['arn:aws:s3:::?', 'arn:aws:s3:::\u{1F600}', true],
    [['arn:aws:s3:::a', 'arn:aws:s3:::b'], 'arn:aws:s3:::b', true],
  ])('Resource %j covers %s: %s, and NotResource the rest', (pattern, resource, expected) => {
    const context = { 'aws:ResourceAccount': account };

    const covered = isAllowed(worker({ ...all, Resource: pattern }), { resource, context });
    const others = isAllowed(worker({ Effect: 'Allow', Action: '*', NotResource: pattern }), {
      resource,
      context,
    });

    expect(covered).toBe(expected);
    expect(others).toBe(!expected);
  });

  it('matches a hostile pattern in no time', () => {
    const caller = worker({ ...all, Resource: `arn:aws:s3:::${'a*'.repeat(50)}b` });

    const startedAt = performance.now();
    const allowed = isAllowed(caller, { resource: `arn:aws:s3:::${'a'.repeat(1024)}` });

    expect(allowed).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe('policy variables', () => {
  const home = 'arn:aws:s3:::b/${aws:PrincipalTag/team}/*';

  function reaches(resource: string, key: string, context: ContextValues = {}): boolean {
    return isAllowed(worker({ ...all, Resource: resource }), {
      resource: `arn:aws:s3:::b/${key}`,
      context,
    });
  }

  it.each<[string, string, ContextValues, boolean]>([
    [home, 'blue/x', { 'aws:PrincipalTag/team': 'blue' }, true],
    [home, 'red/x', { 'aws:PrincipalTag/team': 'blue' }, false],
    [home, 'blue/x', { 'aws:principaltag/TEAM': 'blue' }, true],
    [home, 'blue/x', {}, false],
    [home, '/x', {}, false],
    [home, 'blue/x', { 'aws:PrincipalTag/team': ['blue', 'red'] }, false],
    [home, 'red/x', { 'aws:PrincipalTag/team': '*' }, false],
    [home, '*/x', { 'aws:PrincipalTag/team': '*' }, true],
    ['arn:aws:s3:::b/${aws:PrincipalAccount}/*', `${account}/x`, {}, true],
    ['arn:aws:s3:::b/${aws:userid}', 'AROA:s', { 'aws:userid': 'AROA:s' }, true],
    ["arn:aws:s3:::b/${aws:username, 'nobody'}", 'nobody', {}, true],
    [
      "arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}",
      'none',
      { 'aws:PrincipalTag/team': 'blue' },
      false,
    ],
    ['arn:aws:s3:::b/${*}', '*', {}, true],
    ['arn:aws:s3:::b/${*}', 'a', {}, false],
    ['arn:aws:s3:::b/${?}', '?', {}, true],
    ['arn:aws:s3:::b/${?}', 'a', {}, false],
    ['arn:aws:s3:::b/${$}{a}', '${a}', {}, true],
  ])('resource %s covers %s under %j: %s', (resource, key, context, expected) => {
    expect(reaches(resource, key, context)).toBe(expected);
  });

  it('still lets another resource of the list match when one has a variable without a value', () => {
    const caller = worker({ ...all, Resource: [home, 'arn:aws:s3:::b/shared/*'] });

    expect(isAllowed(caller, { resource: 'arn:aws:s3:::b/shared/x' })).toBe(true);
  });

  it('works in text and ARN conditions, and a value there is no wildcard either', () => {
    const like = worker({
      ...all,
      Condition: { StringLike: { 's3:prefix': '${aws:PrincipalTag/team}/*' } },
    });
    const equals = worker({
      ...all,
      Condition: { StringEquals: { 'aws:x': '${aws:PrincipalTag/team}${*}' } },
    });
    const arn = worker({
      ...all,
      Condition: { ArnEquals: { 'aws:SourceArn': '${aws:PrincipalArn}' } },
    });
    const tag = { 'aws:PrincipalTag/team': 'blue' };

    expect(isAllowed(like, { context: { ...tag, 's3:prefix': 'blue/x' } })).toBe(true);
    expect(isAllowed(like, { context: { ...tag, 's3:prefix': 'red/x' } })).toBe(false);
    expect(
      isAllowed(like, { context: { 'aws:PrincipalTag/team': '*', 's3:prefix': 'red/x' } }),
    ).toBe(false);
    expect(isAllowed(equals, { context: { ...tag, 'aws:x': 'blue*' } })).toBe(true);
    expect(
      isAllowed(arn, { context: { 'aws:SourceArn': `arn:aws:iam::${account}:role/Worker` } }),
    ).toBe(true);
    expect(
      isAllowed(arn, { context: { 'aws:SourceArn': `arn:aws:iam::${account}:role/Other` } }),
    ).toBe(false);
  });

  it('without a value match nothing: a negated Allow stays shut and a negated Deny holds', () => {
    const condition = { StringNotEquals: { 's3:prefix': '${aws:PrincipalTag/team}' } };
    const context = { 's3:prefix': 'x' };

    expect(isAllowed(worker({ ...all, Condition: condition }), { context })).toBe(false);
    expect(isAllowed(worker({ Effect: 'Allow', Action: '*', NotResource: home }))).toBe(false);
    expect(
      isAllowed(worker(all, { ...all, Effect: 'Deny', Condition: condition }), { context }),
    ).toBe(false);
    expect(isAllowed(worker(all, { Effect: 'Deny', Action: '*', NotResource: home }))).toBe(false);
  });

  it('without a value do not make a positive Deny hold', () => {
    const condition = { StringEquals: { 's3:prefix': '${aws:PrincipalTag/team}' } };

    expect(
      isAllowed(worker(all, { ...all, Effect: 'Deny', Condition: condition }), {
        context: { 's3:prefix': 'x' },
      }),
    ).toBe(true);
  });

  it('without a value name no resource, in a Deny neither', () => {
    expect(isAllowed(worker(all, { ...all, Effect: 'Deny', Resource: home }))).toBe(true);
  });

  it('do not hide a match beside them in a negated list', () => {
    const condition = { StringNotEquals: { 's3:prefix': ['x', '${aws:PrincipalTag/team}'] } };
    const deny = worker(all, { ...all, Effect: 'Deny', Condition: condition });

    expect(isAllowed(deny, { context: { 's3:prefix': 'x' } })).toBe(true);
  });
});

describe('context that follows from the caller', () => {
  function holds(
    caller: Parameters<typeof isAllowed>[0],
    key: string,
    value: string,
    context: ContextValues = {},
  ): boolean {
    const statement = { ...all, Principal: '*', Condition: { StringEquals: { [key]: value } } };
    return isAllowed(caller, {
      resourcePolicy: policy(statement),
      context,
      resource: 'arn:aws:sns:x:111122223333:t',
    });
  }
  const queues = service('sqs.amazonaws.com');
  const { roleArn: _ignored, ...withoutRole } = worker();

  it.each([
    ['the role of a session', worker(), 'aws:PrincipalArn', `arn:aws:iam::${account}:role/Worker`],
    [
      'a role derived from the session',
      withoutRole,
      'aws:PrincipalArn',
      `arn:aws:iam::${account}:role/Worker`,
    ],
    ['the user', user, 'aws:PrincipalArn', user.principalArn],
    ['the account', worker(), 'aws:PrincipalAccount', account],
    ['the type of a session', worker(), 'aws:PrincipalType', 'AssumedRole'],
    ['the type of a user', user, 'aws:PrincipalType', 'User'],
    ['the name of a user', user, 'aws:username', 'ana'],
    ['that a session is no service', worker(), 'aws:PrincipalIsAWSService', 'false'],
    ['that a service is one', queues, 'aws:PrincipalIsAWSService', 'true'],
    ['the name of a service', queues, 'aws:PrincipalServiceName', 'sqs.amazonaws.com'],
    ['the account of the resource', worker(), 'aws:ResourceAccount', account],
  ])('holds %s', (_what, caller, key, value) => {
    expect(holds(caller, key, value)).toBe(true);
  });

  it('cannot be overridden by what a service passes', () => {
    const forged = { 'AWS:principalarn': 'arn:aws:iam::1:role/Admin', 'aws:username': 'ana' };

    expect(holds(worker(), 'aws:PrincipalArn', 'arn:aws:iam::1:role/Admin', forged)).toBe(false);
    expect(holds(worker(), 'aws:username', 'ana', forged)).toBe(false);
    expect(holds(queues, 'aws:PrincipalArn', 'arn:aws:iam::1:role/Admin', forged)).toBe(false);
  });

  it.each([
    ['aws:PrincipalType', 'Account'],
    ['aws:userid', account],
  ])('tells the account root by %s', (key, value) => {
    const deny = {
      Effect: 'Deny',
      Principal: '*',
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { [key]: value } },
    };

    expect(isAllowed(root, { resourcePolicy: policy(deny) })).toBe(false);
  });
});
