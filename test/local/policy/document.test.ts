import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../local/policy/document.ts';
import { UnsupportedPolicyError } from '../../../local/policy/unsupported-policy-error.ts';

const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };

function parse(statement: object, version: string | undefined = '2012-10-17') {
  return parsePolicy({ Version: version, Statement: [statement] }, 'BucketPolicy');
}

describe('parsePolicy', () => {
  it('writes every single value as a list and every condition value as text', () => {
    const parsed = parsePolicy(
      {
        Version: '2012-10-17',
        Id: 'policy-1',
        Statement: {
          Sid: 'One',
          Effect: 'Deny',
          Principal: { AWS: '111122223333', Service: 's3.amazonaws.com' },
          Action: 's3:*',
          Resource: 'arn:aws:s3:::b',
          Condition: {
            Bool: { 'aws:SecureTransport': false },
            NumericLessThan: { 's3:TlsVersion': 1.2 },
          },
        },
      },
      'BucketPolicy',
    );

    expect(parsed).toEqual({
      Version: '2012-10-17',
      Id: 'policy-1',
      Statement: [
        {
          Sid: 'One',
          Effect: 'Deny',
          Principal: { AWS: ['111122223333'], Service: ['s3.amazonaws.com'] },
          Action: ['s3:*'],
          Resource: ['arn:aws:s3:::b'],
          Condition: {
            Bool: { 'aws:SecureTransport': ['false'] },
            NumericLessThan: { 's3:TlsVersion': ['1.2'] },
          },
        },
      ],
    });
  });

  it("reads Principal '*' as every AWS principal", () => {
    const parsed = parse({ ...allow, Principal: '*' });

    expect(parsed.Statement[0]!.Principal).toEqual({ AWS: ['*'], Service: [] });
  });

  it('accepts a trust statement without a resource', () => {
    const trust = {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    };

    expect(parse(trust).Statement[0]!.Resource).toBeUndefined();
  });

  it.each([
    '*',
    '111122223333',
    'arn:aws:iam::111122223333:root',
    'arn:aws-cn:iam::111122223333:role/path/Worker',
    'arn:aws:iam::111122223333:user/ana',
    'arn:aws:sts::111122223333:assumed-role/Worker/session',
  ])('accepts the AWS principal %s', (principal) => {
    const parsed = parse({ ...allow, Principal: { AWS: [principal] } });

    expect(parsed.Statement[0]!.Principal!.AWS).toEqual([principal]);
  });

  it.each([
    [
      'NotPrincipal',
      { ...allow, NotPrincipal: { AWS: '111122223333' } },
      'Statement.0.NotPrincipal',
    ],
    ['an unknown element', { ...allow, Expires: 'never' }, 'Statement.0.Expires'],
    [
      'a federated principal',
      { ...allow, Principal: { Federated: 'x.com' } },
      'Statement.0.Principal.Federated',
    ],
    [
      'a canonical user',
      { ...allow, Principal: { CanonicalUser: '79a5' } },
      'Statement.0.Principal.CanonicalUser',
    ],
    ['a principal that is no wildcard', { ...allow, Principal: 'ana' }, 'Statement.0.Principal'],
    ['a principal that names nobody', { ...allow, Principal: {} }, 'Statement.0.Principal'],
    [
      'a wildcard inside a role name',
      { ...allow, Principal: { AWS: 'arn:aws:iam::111122223333:role/*' } },
      'Statement.0.Principal.AWS',
    ],
    ['a unique id', { ...allow, Principal: { AWS: 'AROAEXAMPLE' } }, 'Statement.0.Principal.AWS'],
    [
      'a federated user',
      { ...allow, Principal: { AWS: 'arn:aws:sts::111122223333:federated-user/ana' } },
      'Statement.0.Principal.AWS',
    ],
    [
      'a federated user with a path',
      { ...allow, Principal: { AWS: 'arn:aws:sts::111122223333:federated-user/ana/x' } },
      'Statement.0.Principal.AWS',
    ],
    [
      'a group',
      { ...allow, Principal: { AWS: 'arn:aws:iam::111122223333:group/staff' } },
      'Statement.0.Principal.AWS',
    ],
    [
      'a wildcard inside a service name',
      { ...allow, Principal: { Service: '*.amazonaws.com' } },
      'Statement.0.Principal.Service',
    ],
    [
      'a resource policy without a resource',
      { Effect: 'Allow', Principal: '*', Action: ['sts:AssumeRole', 's3:GetObject'] },
      'Statement.0.Resource',
    ],
    [
      'a wildcard service',
      { ...allow, Principal: { Service: '*' } },
      'Statement.0.Principal.Service',
    ],
    ['another effect', { ...allow, Effect: 'Audit' }, 'Statement.0.Effect'],
    ['no effect', { Action: 's3:GetObject', Resource: '*' }, 'Statement.0.Effect'],
    ['no action', { Effect: 'Allow', Resource: '*' }, 'Statement.0.Action'],
    ['Action beside NotAction', { ...allow, NotAction: 's3:PutObject' }, 'Statement.0.Action'],
    ['an action without its service', { ...allow, Action: 'GetObject' }, 'Statement.0.Action'],
    ['an empty list of actions', { ...allow, Action: [] }, 'Statement.0.Action'],
    ['no resource', { Effect: 'Allow', Action: 's3:GetObject' }, 'Statement.0.Resource'],
    ['Resource beside NotResource', { ...allow, NotResource: '*' }, 'Statement.0.Resource'],
    ['a resource that is no ARN', { ...allow, Resource: 'input/*' }, 'Statement.0.Resource'],
    [
      'a resource that is an intrinsic',
      { ...allow, Resource: { Ref: 'Bucket' } },
      'Statement.0.Resource',
    ],
    [
      'a trust statement for an identity',
      { Effect: 'Allow', Action: 'sts:AssumeRole' },
      'Statement.0.Resource',
    ],
  ])('refuses %s by its name', (_what, statement, element) => {
    const refused = catchError(() => parse(statement));

    expect(refused).toMatchObject({
      name: 'UnsupportedPolicyError',
      where: 'BucketPolicy',
      element,
    });
    expect(refused.message).toContain(`BucketPolicy: ${element}: `);
  });

  it.each([
    ['an operator that is not implemented', { BinaryEquals: { 'aws:x': 'QQ==' } }, 'BinaryEquals'],
    ['an operator that does not exist', { StringMatches: { 'aws:x': 'a' } }, 'StringMatches'],
    ['an operator in another spelling', { stringequals: { 'aws:x': 'a' } }, 'stringequals'],
    ['Null with IfExists', { NullIfExists: { 'aws:x': 'true' } }, 'NullIfExists'],
    ['Null with a set operator', { 'ForAnyValue:Null': { 'aws:x': 'true' } }, 'ForAnyValue:Null'],
    [
      'an unknown set operator',
      { 'ForNoValue:StringEquals': { 'aws:x': 'a' } },
      'ForNoValue:StringEquals',
    ],
    ['a key without its service', { StringEquals: { prefix: 'a' } }, 'StringEquals.prefix'],
    ['an empty list of values', { StringEquals: { 'aws:x': [] } }, 'StringEquals.aws:x'],
    ['a nested value', { StringEquals: { 'aws:x': { Ref: 'A' } } }, 'StringEquals.aws:x'],
    ['a Bool that is neither', { Bool: { 'aws:x': 'yes' } }, 'Bool.aws:x'],
    ['a Null that is neither', { Null: { 'aws:x': 'maybe' } }, 'Null.aws:x'],
    ['a number that is none', { NumericEquals: { 'aws:x': 'ten' } }, 'NumericEquals.aws:x'],
    ['an empty number', { NumericEquals: { 'aws:x': '' } }, 'NumericEquals.aws:x'],
    [
      'a date without a zone',
      { DateLessThan: { 'aws:x': '2026-01-01T00:00:00' } },
      'DateLessThan.aws:x',
    ],
    ['a year that could be an epoch', { DateLessThan: { 'aws:x': '2026' } }, 'DateLessThan.aws:x'],
    ['a date with a wildcard', { DateLessThan: { 'aws:x': '2026-*' } }, 'DateLessThan.aws:x'],
    ['an address that is none', { IpAddress: { 'aws:x': '300.1.1.1' } }, 'IpAddress.aws:x'],
    ['a prefix that is too long', { IpAddress: { 'aws:x': '10.0.0.0/33' } }, 'IpAddress.aws:x'],
    [
      'a prefix that is no number',
      { NotIpAddress: { 'aws:x': '10.0.0.0/' } },
      'NotIpAddress.aws:x',
    ],
    ['an ARN with missing parts', { ArnLike: { 'aws:x': '*' } }, 'ArnLike.aws:x'],
    ['a variable where none may be', { Bool: { 'aws:x': '${aws:username}' } }, 'Bool.aws:x'],
    [
      'several values without a set operator',
      { StringEquals: { 'aws:TagKeys': 'a' } },
      'StringEquals.aws:TagKeys',
    ],
  ])('refuses a condition with %s by its name', (_what, condition, element) => {
    const refused = catchError(() => parse({ ...allow, Condition: condition }));

    expect(refused).toMatchObject({
      where: 'BucketPolicy',
      element: `Statement.0.Condition.${element}`,
    });
  });

  it.each([
    [
      'an unknown variable',
      'arn:aws:s3:::b/${aws:FavouriteColour}',
      '${aws:FavouriteColour} is not supported',
    ],
    [
      'a pseudo parameter left over',
      'arn:aws:s3:::b/${AWS::StackName}',
      '${AWS::StackName} is not supported',
    ],
    ['a tag family without a tag', 'arn:aws:s3:::b/${aws:PrincipalTag/}', 'is not supported'],
    ['an open brace', 'arn:aws:s3:::b/${aws:username', 'closing brace'],
    ['a default without quotes', 'arn:aws:s3:::b/${aws:username, ana}', 'is not supported'],
    [
      'a variable before the fifth colon',
      'arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q',
      'fifth colon',
    ],
  ])('refuses a resource with %s', (_what, resource, reason) => {
    const refused = catchError(() => parse({ ...allow, Resource: resource }));

    expect(refused.element).toBe('Statement.0.Resource');
    expect(refused.message).toContain(reason);
  });

  it.each([undefined, '2008-10-17'])(
    'refuses variables in a policy of version %s, where they are plain text',
    (version) => {
      const policy = {
        Version: version,
        Statement: { ...allow, Resource: 'arn:aws:s3:::b/${aws:username}' },
      };

      const refused = catchError(() => parsePolicy(policy, 'BucketPolicy'));

      expect(refused.message).toContain('Version 2012-10-17');
    },
  );

  it('refuses an unknown variable in a condition', () => {
    const refused = catchError(() =>
      parse({ ...allow, Condition: { StringLike: { 's3:prefix': '${aws:Nobody}/*' } } }),
    );

    expect(refused.message).toContain('${aws:Nobody} is not supported');
  });

  it.each([
    ['a text', 'policy', 'policy'],
    ['nothing', undefined, 'policy'],
    ['an unknown version', { Version: '2030-01-01', Statement: [allow] }, 'Version'],
    ['an unknown element', { Statement: [allow], Owner: 'me' }, 'Owner'],
    ['no statement', { Statement: [] }, 'Statement'],
  ])('refuses %s as a policy', (_what, value, element) => {
    const refused = catchError(() => parsePolicy(value, 'BucketPolicy'));

    expect(refused).toMatchObject({ where: 'BucketPolicy', element });
  });

  it('names the second statement when the fault is there', () => {
    const statements = [allow, { ...allow, Condition: { BinaryEquals: { 'aws:x': 'QQ==' } } }];

    const refused = catchError(() => parsePolicy({ Statement: statements }, 'KeyPolicy'));

    expect(refused).toMatchObject({
      where: 'KeyPolicy',
      element: 'Statement.1.Condition.BinaryEquals',
    });
  });

  it('does not repeat a condition value in the error', () => {
    const refused = catchError(() =>
      parse({ ...allow, Condition: { NumericEquals: { 'aws:x': 'canary' } } }),
    );

    expect(refused.message).not.toContain('canary');
  });
});

function catchError(act: () => unknown): UnsupportedPolicyError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(UnsupportedPolicyError);
    return error as UnsupportedPolicyError;
  }
  throw new Error('nothing was refused');
}
