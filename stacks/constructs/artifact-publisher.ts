import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { lambdaCode } from '../lambda-code.ts';
import type { Artifact } from '../worker-artifacts.ts';
import { listObjects, readObjects, useStorageKey, writeObjects } from './storage-rights.ts';

export interface ArtifactPublisherProps {
  /** S3A. */
  readonly bucket: IBucket;
  readonly storageKey: IKey;
}

/**
 * Brings files from CDK's asset bucket into S3A under their digest, when a stack is deployed.
 *
 * CDK's own `BucketDeployment` would unpack archives and brings a provider with rights on the whole
 * bucket; this is one function that may write `artifacts/` and delete nothing.
 */
export class ArtifactPublisher extends Construct {
  private readonly bucket: IBucket;
  private readonly role: Role;
  private readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, { bucket, storageKey }: ArtifactPublisherProps) {
    super(scope, id);
    this.bucket = bucket;
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_YEAR,
      encryptionKey: storageKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grants.write(this.role);
    this.function = new LambdaFunction(this, 'Function', {
      description: 'Publishes the workers’ software into S3A by digest',
      code: lambdaCode('publish-artifact'),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // Bandwidth grows with memory; the largest file, node, is some 130 MB.
      memorySize: 1024,
      timeout: Duration.minutes(5),
      role: this.role,
      logGroup,
    });
    for (const statement of [
      readObjects(bucket, 'artifacts/sha256/*'),
      writeObjects(bucket, 'artifacts/sha256/*'),
      listObjects(bucket),
      useStorageKey(storageKey),
    ]) {
      this.role.addToPolicy(statement);
    }
  }

  /** Publishes one file; depend on what it answers to use the file. */
  publish(id: string, { path, sha256 }: Artifact): Construct {
    const asset = new Asset(this, `${id}Asset`, { path });
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [asset.bucket.arnForObjects(asset.s3ObjectKey)],
      }),
    );
    const published = new CustomResource(this, id, {
      resourceType: 'Custom::PublishedArtifact',
      serviceToken: this.function.functionArn,
      properties: {
        SourceBucket: asset.s3BucketName,
        SourceKey: asset.s3ObjectKey,
        TargetBucket: this.bucket.bucketName,
        Sha256: sha256,
      },
    });
    // The rights have to be there before the function is called.
    published.node.addDependency(this.role, this.function);
    return published;
  }
}
