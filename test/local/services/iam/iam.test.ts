import { beforeEach, describe, expect, it } from 'vitest';
import type { DeclaredResource } from '../../../../local/api.ts';
import { VirtualClock } from '../../../../local/clock.ts';
import { createIamService, type IamService } from '../../../../local/services/iam/iam-service.ts';

const trust = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
};
const allowGet = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
};

let iam: IamService;

beforeEach(() => {
  iam = createIamService(new VirtualClock(), '111122223333');
});

async function create(
  type: string,
  logicalId: string,
  properties: object,
  changes: Partial<DeclaredResource> = {},
) {
  const handler = iam.resources.find((one) => one.type === type);
  return handler!.create({
    stack: 'Data',
    logicalId,
    type,
    properties: { ...properties },
    tags: {},
    ...changes,
  });
}

describe('roles of templates', () => {
  it('get the name and ARN that templates refer to, the same on every run', async () => {
    const first = await create('AWS::IAM::Role', 'WorkerRole1234ABCD', {
      AssumeRolePolicyDocument: trust,
    });
    iam = createIamService(new VirtualClock(), '111122223333');
    const second = await create('AWS::IAM::Role', 'WorkerRole1234ABCD', {
      AssumeRolePolicyDocument: trust,
    });

    expect(first.ref).toMatch(/^Data-WorkerRole1234ABCD-[0-9A-F]{12}$/);
    expect(first.attributes?.Arn).toBe(`arn:aws:iam::111122223333:role/${first.ref}`);
    expect(second.ref).toBe(first.ref);
  });

  it('collect inline, attached and managed policies, whenever those come', async () => {
    const { ref } = await create('AWS::IAM::Role', 'R', {
      AssumeRolePolicyDocument: trust,
      Policies: [{ PolicyName: 'Inline', PolicyDocument: allowGet }],
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
    });
    await create('AWS::IAM::Policy', 'P', {
      PolicyName: 'Attached',
      PolicyDocument: allowGet,
      Roles: [ref],
    });
    await create('AWS::IAM::ManagedPolicy', 'M', {
      ManagedPolicyName: 'Managed',
      PolicyDocument: allowGet,
      Roles: [ref],
    });

    const caller = iam.sessions.roleCaller(`arn:aws:iam::111122223333:role/${ref}`, 'session');

    expect(caller.identityPolicies.map(({ name }) => name)).toEqual([
      'AWSLambdaBasicExecutionRole',
      'Inline',
      'Attached',
      'Managed',
    ]);
  });

  it('carry the tags of the stack and their own', async () => {
    const { ref } = await create(
      'AWS::IAM::Role',
      'R',
      { AssumeRolePolicyDocument: trust, Tags: [{ Key: 'a', Value: '2' }] },
      { tags: { a: '1', b: '1' } },
    );

    expect(iam.roles.byName(ref)?.tags).toEqual({ a: '2', b: '1' });
  });

  it('are found through an instance profile', async () => {
    const { ref, attributes } = await create('AWS::IAM::Role', 'R', {
      AssumeRolePolicyDocument: trust,
    });
    const profile = await create('AWS::IAM::InstanceProfile', 'P', { Roles: [ref] });

    expect(iam.sessions.instanceProfileRole(profile.ref)).toBe(attributes?.Arn);
    expect(iam.sessions.instanceProfileRole(profile.attributes!.Arn!)).toBe(attributes?.Arn);
  });

  it.each<[string, string, object, RegExp]>([
    [
      'a managed policy of AWS that is not known',
      'AWS::IAM::Role',
      {
        AssumeRolePolicyDocument: trust,
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
      },
      /Data\/X: ManagedPolicyArns: .*AdministratorAccess is not supported/,
    ],
    [
      'a permissions boundary',
      'AWS::IAM::Role',
      { AssumeRolePolicyDocument: trust, PermissionsBoundary: 'arn' },
      /PermissionsBoundary is not supported/,
    ],
    [
      'a condition operator that is not implemented',
      'AWS::IAM::Role',
      {
        AssumeRolePolicyDocument: trust,
        Policies: [
          {
            PolicyName: 'P',
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Effect: 'Allow',
                  Action: '*',
                  Resource: '*',
                  Condition: { BinaryEquals: { 'aws:x': 'a' } },
                },
              ],
            },
          },
        ],
      },
      /Data\/X P: .*BinaryEquals/,
    ],
    [
      'a policy for a role that is not there',
      'AWS::IAM::Policy',
      { PolicyName: 'P', PolicyDocument: allowGet, Roles: ['ghost'] },
      /no template declares the role ghost/,
    ],
    [
      'a policy for a user',
      'AWS::IAM::Policy',
      { PolicyName: 'P', PolicyDocument: allowGet, Roles: ['r'], Users: ['u'] },
      /Users is not supported/,
    ],
  ])('with %s are refused', async (_what, type, properties, message) => {
    await expect(create(type, 'X', properties)).rejects.toThrow(message);
  });
});

describe('roles by name', () => {
  it('are found by ARN, name, logical id, logical id without hash, and end of name', async () => {
    const { attributes } = await create('AWS::IAM::Role', 'PeopleUploaderF00DCAFE', {
      RoleName: 'czarhipaa-uploader',
      AssumeRolePolicyDocument: trust,
    });
    const names = [
      attributes!.Arn!,
      'czarhipaa-uploader',
      'PeopleUploaderF00DCAFE',
      'PeopleUploader',
      'uploader',
    ];

    expect(names.map((name) => iam.roles.named(name).arn)).toEqual(
      names.map(() => attributes?.Arn),
    );
  });

  it('that nobody or several have are refused', async () => {
    await create('AWS::IAM::Role', 'Role11111111', { AssumeRolePolicyDocument: trust });
    await create('AWS::IAM::Role', 'Role22222222', { AssumeRolePolicyDocument: trust });

    expect(() => iam.roles.named('Role')).toThrow(/several roles are called Role/);
    expect(() => iam.roles.named('Ghost')).toThrow(
      /the templates declare: Role11111111, Role22222222/,
    );
  });
});
