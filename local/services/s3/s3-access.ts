import { ApiError, type Access } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import type { S3Exchange } from './s3-cloud.ts';

type Conditions = NonNullable<Access['context']>;

/** Condition keys that follow from the request alone. */
function requestConditions({ cloud, request, call }: S3Exchange): Conditions {
  const signedAt = request.query.get('X-Amz-Date');
  const signed = signedAt?.replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  );
  return {
    's3:authType': signed === undefined ? 'REST-HEADER' : 'REST-QUERY-STRING',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    's3:signatureAge':
      signed === undefined ? undefined : call.time.getTime() - new Date(signed).getTime(),
    // The loopback interface stands for TLS, as `aws:SecureTransport` says too.
    's3:TlsVersion': '1.3',
    's3:x-amz-content-sha256': request.header('x-amz-content-sha256'),
    's3:ResourceAccount': cloud.surroundings.accountId,
    'aws:ResourceAccount': cloud.surroundings.accountId,
  };
}

/**
 * The bucket a request names, which must belong to whom the client says.
 *
 * @throws ApiError NoSuchBucket, AccessDenied
 */
export function requestedBucket({ cloud, request }: S3Exchange): Bucket {
  const bucket = cloud.buckets.get(request.bucketName);
  const owner = request.header('x-amz-expected-bucket-owner');
  if (owner !== undefined && owner !== cloud.surroundings.accountId) {
    throw new ApiError('AccessDenied', 'Access Denied', 403);
  }
  return bucket;
}

/** @throws ApiError AccessDenied when the caller may not do this to the bucket. */
export function authorizeBucket(
  exchange: S3Exchange,
  bucket: Bucket,
  action: string,
  conditions: Conditions = {},
): void {
  exchange.call.authorize({
    action: `s3:${action}`,
    resource: bucket.arn,
    context: { ...requestConditions(exchange), ...conditions },
    resourcePolicy: bucket.policy?.document,
  });
}

/** @throws ApiError AccessDenied when the caller may not do this to the object. */
export function authorizeObject(
  exchange: S3Exchange,
  bucket: Bucket,
  key: string,
  action: string,
  conditions: Conditions = {},
): void {
  exchange.call.authorize({
    action: `s3:${action}`,
    resource: bucket.objectArn(key),
    context: { ...requestConditions(exchange), ...conditions },
    resourcePolicy: bucket.policy?.document,
  });
}

/**
 * The error for an object that is not there.
 *
 * Only who may list the bucket is told so: to anybody else it is the same as one that may not be
 * read, and the refusal says that `s3:ListBucket` is what is missing.
 *
 * @throws ApiError AccessDenied
 */
export function missingObject(
  exchange: S3Exchange,
  bucket: Bucket,
  key: string,
  versionId?: string,
): ApiError {
  authorizeBucket(exchange, bucket, versionId === undefined ? 'ListBucket' : 'ListBucketVersions');
  return versionId === undefined
    ? new ApiError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key })
    : new ApiError('NoSuchVersion', 'The specified version does not exist.', 404, {
        Key: key,
        VersionId: versionId,
      });
}
