import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { CreatedResource, DeclaredResource, ResourceHandler } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { parsePolicy, type PolicyDocument } from '../../policy/document.ts';
import { awsManagedPolicy } from './aws-managed-policies.ts';
import type { Role, Roles } from './roles.ts';
import { newId } from './sessions.ts';

/** A name as CloudFormation makes it up: stack, logical id, and something that differs. The same on every run. */
function physicalName({ stack, logicalId }: DeclaredResource, longest: number): string {
  const suffix = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 12);
  const name = `${stack}-${logicalId}`.slice(0, longest - suffix.length - 1);
  return `${name}-${suffix.toUpperCase()}`;
}

const Tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional();

const InlinePolicy = z.strictObject({ PolicyName: z.string(), PolicyDocument: z.unknown() });

const RoleProperties = z.strictObject({
  RoleName: z.string().optional(),
  Path: z.string().optional(),
  Description: z.string().optional(),
  AssumeRolePolicyDocument: z.unknown(),
  ManagedPolicyArns: z.array(z.string()).optional(),
  Policies: z.array(InlinePolicy).optional(),
  MaxSessionDuration: z.coerce.number().int().min(3600).max(43200).optional(),
  Tags,
});

const PolicyProperties = z.strictObject({
  PolicyName: z.string(),
  PolicyDocument: z.unknown(),
  Roles: z.array(z.string()).min(1),
});

const ManagedPolicyProperties = z.strictObject({
  ManagedPolicyName: z.string().optional(),
  Path: z.string().optional(),
  Description: z.string().optional(),
  PolicyDocument: z.unknown(),
  Roles: z.array(z.string()).optional(),
});

const InstanceProfileProperties = z.strictObject({
  InstanceProfileName: z.string().optional(),
  Path: z.string().optional(),
  Roles: z.array(z.string()).length(1),
});

/** Creates the IAM resources of templates. */
export class RoleResources {
  readonly #roles: Roles;
  readonly #accountId: string;
  readonly #managed = new Map<string, PolicyDocument>();

  constructor(roles: Roles, accountId: string) {
    this.#roles = roles;
    this.#accountId = accountId;
  }

  readonly handlers: readonly ResourceHandler[] = [
    { type: 'AWS::IAM::Role', create: (resource) => this.#createRole(resource) },
    { type: 'AWS::IAM::Policy', create: (resource) => this.#createPolicy(resource) },
    { type: 'AWS::IAM::ManagedPolicy', create: (resource) => this.#createManagedPolicy(resource) },
    { type: 'AWS::IAM::InstanceProfile', create: (resource) => this.#createProfile(resource) },
  ];

  #createRole(resource: DeclaredResource): CreatedResource {
    const where = `${resource.stack}/${resource.logicalId}`;
    const properties = readProperties(RoleProperties, resource);
    const name = properties.RoleName ?? physicalName(resource, 64);
    const role: Role = {
      arn: `arn:aws:iam::${this.#accountId}:role${properties.Path ?? '/'}${name}`,
      name,
      id: newId('AROA'),
      stack: resource.stack,
      logicalId: resource.logicalId,
      trustPolicy: parsePolicy(
        properties.AssumeRolePolicyDocument,
        `${where} AssumeRolePolicyDocument`,
      ),
      tags: {
        ...resource.tags,
        ...Object.fromEntries((properties.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      },
      longestSession: properties.MaxSessionDuration ?? 3600,
      policies: [
        ...(properties.ManagedPolicyArns ?? []).map((arn) => this.#managedPolicy(arn, where)),
        ...(properties.Policies ?? []).map(({ PolicyName, PolicyDocument }) => ({
          name: PolicyName,
          document: parsePolicy(PolicyDocument, `${where} ${PolicyName}`),
        })),
      ],
    };
    this.#roles.add(role);
    return { ref: name, attributes: { Arn: role.arn, RoleId: role.id } };
  }

  #createPolicy(resource: DeclaredResource): CreatedResource {
    const { PolicyName, PolicyDocument, Roles } = readProperties(PolicyProperties, resource);
    const where = `${resource.stack}/${resource.logicalId}`;
    this.#attach({ name: PolicyName, document: parsePolicy(PolicyDocument, where) }, Roles, where);
    return { ref: PolicyName, attributes: { Id: PolicyName } };
  }

  #createManagedPolicy(resource: DeclaredResource): CreatedResource {
    const properties = readProperties(ManagedPolicyProperties, resource);
    const where = `${resource.stack}/${resource.logicalId}`;
    const name = properties.ManagedPolicyName ?? physicalName(resource, 128);
    const arn = `arn:aws:iam::${this.#accountId}:policy${properties.Path ?? '/'}${name}`;
    const document = parsePolicy(properties.PolicyDocument, where);
    this.#managed.set(arn, document);
    this.#attach({ name, document }, properties.Roles ?? [], where);
    return { ref: arn, attributes: { PolicyArn: arn, PolicyId: newId('ANPA') } };
  }

  #createProfile(resource: DeclaredResource): CreatedResource {
    const properties = readProperties(InstanceProfileProperties, resource);
    const where = `${resource.stack}/${resource.logicalId}`;
    const name = properties.InstanceProfileName ?? physicalName(resource, 128);
    const arn = `arn:aws:iam::${this.#accountId}:instance-profile${properties.Path ?? '/'}${name}`;
    const role = this.#named(properties.Roles[0] ?? '', where);
    this.#roles.addProfile({ name, arn }, role);
    return { ref: name, attributes: { Arn: arn } };
  }

  #attach(policy: Role['policies'][number], roles: readonly string[], where: string): void {
    for (const name of roles) this.#named(name, where).policies.push(policy);
  }

  #named(name: string, where: string): Role {
    const role = this.#roles.byName(name);
    if (role === undefined)
      throw new TypeError(`${where}: Roles: no template declares the role ${name}`);
    return role;
  }

  #managedPolicy(arn: string, where: string): Role['policies'][number] {
    const document = this.#managed.get(arn) ?? awsManagedPolicy(arn);
    if (document === undefined)
      throw new TypeError(
        `${where}: ManagedPolicyArns: ${arn} is not supported by the embedded cloud`,
      );
    return { name: arn.slice(arn.lastIndexOf('/') + 1), document };
  }
}
