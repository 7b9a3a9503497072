import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';

/** Right to read objects of a bucket by their prefix, which is written as in a policy: `in/v1/*`. */
export const readObjects = (bucket: IBucket, ...prefixes: string[]): PolicyStatement =>
  new PolicyStatement({
    actions: ['s3:GetObject'],
    resources: prefixes.map((prefix) => bucket.arnForObjects(prefix)),
  });

/** Right to write objects of a bucket, in one request or in parts. */
export const writeObjects = (bucket: IBucket, ...prefixes: string[]): PolicyStatement =>
  new PolicyStatement({
    actions: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    resources: prefixes.map((prefix) => bucket.arnForObjects(prefix)),
  });

/**
 * Right to list a bucket: without it S3 answers 403 and not 404 for an object that is not there.
 *
 * It names no prefix: a GET has none to compare, and the bucket is one study's anyway.
 */
export const listObjects = (bucket: IBucket): PolicyStatement =>
  new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] });

/**
 * Right to the storage key that reading and writing under SSE-KMS takes; a multipart upload
 * decrypts, too. The key's own policy lets it be used through AWS services only.
 */
export const useStorageKey = (key: IKey): PolicyStatement =>
  new PolicyStatement({
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [key.keyArn],
  });
