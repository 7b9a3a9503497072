import { Duration, Validations } from 'aws-cdk-lib';
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { secured } from './secure-bucket.ts';

/**
 * Where S3 writes its server access logs: who called which bucket, by opaque keys.
 *
 * S3 delivers these to a bucket with neither a KMS key nor Object Lock, so they cannot lie in S3L.
 * They are for operating; the evidence is CloudTrail's.
 */
export function accessLogBucket(scope: Construct, id: string): Bucket {
  const bucket = new Bucket(scope, id, {
    ...secured,
    encryption: BucketEncryption.S3_MANAGED,
    lifecycleRules: [
      { expiration: Duration.days(400), noncurrentVersionExpiration: Duration.days(30) },
    ],
  });
  Validations.of(bucket).acknowledge({
    id: 'HIPAA.Security-S3DefaultEncryptionKMS',
    reason: 'S3 delivers server access logs to buckets with SSE-S3 only',
  });
  return bucket;
}
