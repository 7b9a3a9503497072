import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  type IBucket,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** What every bucket of a study has, whoever writes to it. */
export const secured = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  versioned: true,
  removalPolicy: RemovalPolicy.RETAIN,
} as const;

export interface SecureBucketProps {
  /** The key of everything in the bucket; a write that names another is refused. */
  readonly key: IKey;
  /** Where S3 logs the calls to this bucket. */
  readonly accessLogs: IBucket;
  /**
   * How an object is kept from being replaced: every write has to carry `If-None-Match`, or, for a
   * bucket that AWS's log services write to, who send no such header, each version is locked.
   */
  readonly overwrite: 'refused' | ObjectLockRetention;
  /**
   * Whether `Object Created` events go to EventBridge's default bus.
   * @default false
   */
  readonly events?: boolean;
}

/**
 * A bucket that cannot be made without TLS, its key, versions, no public access, and protection of
 * what is in it from being overwritten. It outlives its stack.
 */
export class SecureBucket extends Construct {
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: SecureBucketProps) {
    super(scope, id);
    const bucket = new Bucket(this, 'Resource', {
      ...secured,
      encryption: BucketEncryption.KMS,
      encryptionKey: props.key,
      bucketKeyEnabled: true,
      serverAccessLogsBucket: props.accessLogs,
      serverAccessLogsPrefix: `${scope.node.id}-${id}/`.toLowerCase(),
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      ...(props.overwrite === 'refused'
        ? {}
        : { objectLockEnabled: true, objectLockDefaultRetention: props.overwrite }),
    });
    this.bucket = bucket;
    this.requireKey(props.key);
    if (props.overwrite === 'refused') this.refuseOverwrite();
    if (props.events === true) sendEvents(bucket);
  }

  /** A write may leave the encryption to the bucket, or name exactly its own. */
  private requireKey(key: IKey): void {
    this.deny('RequireKms', {
      StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' },
      Null: { 's3:x-amz-server-side-encryption': 'false' },
    });
    this.deny('RequireTheKey', {
      StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': key.keyArn },
      Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'false' },
    });
  }

  /**
   * The parts of a multipart upload cannot carry the header and create no object; its completion
   * does both.
   */
  private refuseOverwrite(): void {
    this.deny('RequireIfNoneMatch', {
      Null: { 's3:if-none-match': 'true' },
      Bool: { 's3:ObjectCreationOperation': 'true' },
    });
  }

  private deny(sid: string, conditions: Record<string, Record<string, string>>): void {
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [this.bucket.arnForObjects('*')],
        conditions,
      }),
    );
  }
}

/** The L2's own switch would add a custom resource that may change any bucket's notifications. */
function sendEvents(bucket: Bucket): void {
  const { defaultChild } = bucket.node;
  if (!(defaultChild instanceof CfnBucket)) throw new Error('a Bucket is made of one CfnBucket');
  defaultChild.notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  };
}
