import { type Caller, decide, type Grant } from '../../local/policy/evaluate.ts';
import { parsePolicy, type PolicyDocument } from '../../local/policy/document.ts';
import { account, findResource, region, type ResolvedResource } from './resolve.ts';

/** Asks the templates' own policies who may do what, with the embedded cloud's evaluator. */
export interface StudyAccess {
  /** Every role of the study. */
  readonly roles: readonly ResolvedResource[];
  /** Roles that AWS services take to orchestrate: all but the workers', whom only EC2 takes. */
  readonly orchestration: readonly ResolvedResource[];
  /** Says whether a role's own policies allow a call on a resource that has none. */
  may(
    role: ResolvedResource,
    action: string,
    resource: string,
    keys?: Readonly<Record<string, string>>,
  ): boolean;
  /** Says whether a role may use a key so. `context` is the encryption context. */
  mayUseKey(
    role: ResolvedResource,
    key: 'DataKey' | 'StorageKey' | 'EvidenceKey',
    action: string,
    use?: {
      readonly context?: Readonly<Record<string, string>>;
      readonly grants?: readonly Grant[];
      readonly keys?: Readonly<Record<string, string | readonly string[]>>;
    },
  ): boolean;
  /** Says whether a role may act on an object of a bucket, or on the bucket where `key` is empty. */
  mayUseBucket(
    role: ResolvedResource,
    bucket: 'Input' | 'Result' | 'Log' | 'Ancillary',
    action: string,
    key: string,
    keys?: Readonly<Record<string, string>>,
  ): boolean;
  /** Says whether a role may act on a declared queue, by how its logical id begins. */
  mayUseQueue(role: ResolvedResource, queue: string, action: string): boolean;
  /** Says whether a role may act on a table, by how its logical id begins. */
  mayUseTable(
    role: ResolvedResource,
    table: 'Ledger' | 'Sensors' | 'Assignments',
    action: string,
    keys?: Readonly<Record<string, string | readonly string[]>>,
  ): boolean;
}

/** The session of a role, as ARNs of callers and grantees have it. */
export const sessionOf = (role: ResolvedResource, name = 'session'): string =>
  `arn:aws:sts::${account}:assumed-role/${role.ref}/${name}`;

function trustedBy(role: ResolvedResource, service: string): boolean {
  return JSON.stringify(role.properties.AssumeRolePolicyDocument).includes(`"${service}"`);
}

export function studyAccess(resources: readonly ResolvedResource[]): StudyAccess {
  const roles = resources.filter(({ type }) => type === 'AWS::IAM::Role');
  const caller = (role: ResolvedResource): Caller => ({
    accountId: account,
    principalArn: sessionOf(role),
    roleArn: role.arn,
    type: 'AssumedRole',
    identityPolicies: policiesOf(resources, role),
  });
  const request = { 'aws:SecureTransport': 'true', 'aws:RequestedRegion': region };
  return {
    roles,
    orchestration: roles.filter(
      (role) =>
        JSON.stringify(role.properties).includes('amazonaws.com') &&
        !trustedBy(role, 'ec2.amazonaws.com'),
    ),
    may: (role, action, resource, keys = {}) =>
      decide(caller(role), { action, resource, context: { ...request, ...keys } }).allowed,
    mayUseKey(role, id, action, { context = {}, grants = [], keys = {} } = {}) {
      const key = findResource(resources, 'AWS::KMS::Key', id);
      const encryption = Object.entries(context).map(([name, value]) => [
        `kms:EncryptionContext:${name}`,
        value,
      ]);
      return decide(caller(role), {
        action,
        resource: key.arn,
        context: {
          ...request,
          'kms:CallerAccount': account,
          ...(Object.fromEntries(encryption) as Record<string, string>),
          ...keys,
        },
        keyPolicy: { document: parsePolicy(key.properties.KeyPolicy, id), grants },
      }).allowed;
    },
    mayUseBucket(role, id, action, key, keys = {}) {
      const bucket = findResource(resources, 'AWS::S3::Bucket', id);
      return decide(caller(role), {
        action,
        resource: key === '' ? bucket.arn : `${bucket.arn}/${key}`,
        context: { ...request, 'aws:ResourceAccount': account, ...keys },
        resourcePolicy: bucketPolicy(resources, bucket),
      }).allowed;
    },
    mayUseQueue(role, id, action) {
      const queue = findResource(resources, 'AWS::SQS::Queue', id);
      return decide(caller(role), {
        action,
        resource: queue.arn,
        context: request,
        resourcePolicy: queuePolicy(resources, queue),
      }).allowed;
    },
    mayUseTable(role, id, action, keys = {}) {
      const { arn } = findResource(resources, 'AWS::DynamoDB::Table', id);
      return decide(caller(role), { action, resource: arn, context: { ...request, ...keys } })
        .allowed;
    },
  };
}

function queuePolicy(
  resources: readonly ResolvedResource[],
  queue: ResolvedResource,
): PolicyDocument {
  const policies = resources.filter(
    ({ type, properties }) =>
      type === 'AWS::SQS::QueuePolicy' && (properties.Queues as unknown[]).includes(queue.ref),
  );
  if (policies.length !== 1) throw new Error(`${queue.logicalId} has ${policies.length} policies`);
  return parsePolicy(policies[0]!.properties.PolicyDocument, queue.logicalId);
}

function bucketPolicy(
  resources: readonly ResolvedResource[],
  bucket: ResolvedResource,
): PolicyDocument {
  const policies = resources.filter(
    ({ type, properties }) => type === 'AWS::S3::BucketPolicy' && properties.Bucket === bucket.ref,
  );
  if (policies.length !== 1) throw new Error(`${bucket.logicalId} has ${policies.length} policies`);
  return parsePolicy(policies[0]!.properties.PolicyDocument, bucket.logicalId);
}

function policiesOf(resources: readonly ResolvedResource[], role: ResolvedResource) {
  if ('ManagedPolicyArns' in role.properties) {
    throw new Error(`${role.logicalId} has managed policies, which these tests cannot read`);
  }
  const inline = (role.properties.Policies ?? []) as { PolicyDocument: unknown }[];
  const attached = resources.filter(
    ({ type, properties }) =>
      (type === 'AWS::IAM::Policy' || type === 'AWS::IAM::ManagedPolicy') &&
      ((properties.Roles ?? []) as unknown[]).includes(role.ref),
  );
  return [
    ...inline.map(({ PolicyDocument }) => PolicyDocument),
    ...attached.map(({ properties }) => properties.PolicyDocument),
  ].map((document, index) => ({
    name: `${role.logicalId}/${index}`,
    document: parsePolicy(document, role.logicalId),
  }));
}
