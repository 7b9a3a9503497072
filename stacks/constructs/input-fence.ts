import type { IGatewayVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';

/** Everything that gives out an object's bytes, or describes them. */
const reads = [
  's3:GetObject',
  's3:GetObjectAttributes',
  's3:GetObjectTorrent',
  's3:GetObjectVersion',
  's3:GetObjectVersionAttributes',
  's3:GetObjectVersionTorrent',
];

const lists = ['s3:ListBucket', 's3:ListBucketMultipartUploads', 's3:ListBucketVersions'];

/** Denies reading a bucket's objects to everybody but some roles, AWS services included. */
export function onlyReadBy(bucket: IBucket, ...roles: IRole[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadByRole',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: reads,
    resources: [bucket.arnForObjects('*')],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': roles.map((role) => role.roleArn) } },
  });
}

/** Denies listing a bucket to everybody but some roles: keys and sizes tell of uploads, too. */
export function onlyListedBy(bucket: IBucket, ...roles: IRole[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'ListByRole',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: lists,
    resources: [bucket.bucketArn],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': roles.map((role) => role.roleArn) } },
  });
}

/** Denies reading a bucket's objects from anywhere but one VPC endpoint. */
export function onlyReadThrough(bucket: IBucket, endpoint: IGatewayVpcEndpoint): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadThroughEndpoint',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: reads,
    resources: [bucket.arnForObjects('*')],
    conditions: { StringNotEquals: { 'aws:SourceVpce': endpoint.vpcEndpointId } },
  });
}

/**
 * Denies writing to a bucket from addresses outside of some ranges.
 *
 * A call that comes through a VPC endpoint has no public address, and is let through: only this
 * account's VPC has one whose policy names this bucket, and the caller still needs the right.
 */
export function onlyWrittenFrom(bucket: IBucket, cidrs: string[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'WriteFromAddresses',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['s3:PutObject'],
    resources: [bucket.arnForObjects('*')],
    conditions: {
      NotIpAddress: { 'aws:SourceIp': cidrs },
      Null: { 'aws:SourceVpce': 'true' },
    },
  });
}

/** Denies a role writing to a bucket from anywhere but one VPC endpoint: its session is of no use elsewhere. */
export function onlyWrittenThrough(
  bucket: IBucket,
  endpoint: IGatewayVpcEndpoint,
  role: IRole,
): PolicyStatement {
  return new PolicyStatement({
    sid: 'WriteThroughEndpoint',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['s3:PutObject'],
    resources: [bucket.arnForObjects('*')],
    conditions: {
      ArnEquals: { 'aws:PrincipalArn': role.roleArn },
      StringNotEquals: { 'aws:SourceVpce': endpoint.vpcEndpointId },
    },
  });
}
