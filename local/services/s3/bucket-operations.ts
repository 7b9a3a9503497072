import { ApiError, type ApiResponse } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import type { Operation } from './operation.ts';
import { authorizeBucket, requestedBucket } from './s3-access.ts';
import type { S3Exchange } from './s3-cloud.ts';
import { writeXml, type XmlContent } from './xml.ts';

function xml(root: string, content: XmlContent): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml(root, content),
  };
}

function notFound(code: string, message: string, bucket: Bucket): ApiError {
  return new ApiError(code, message, 404, { BucketName: bucket.name });
}

function listBuckets({ cloud, call }: S3Exchange): ApiResponse {
  call.authorize({ action: 's3:ListAllMyBuckets', resource: '*' });
  return xml('ListAllMyBucketsResult', {
    Owner: { ID: cloud.surroundings.accountId },
    Buckets: {
      Bucket: cloud.buckets
        .all()
        .map((bucket) => ({ Name: bucket.name, CreationDate: bucket.createdAt.toISOString() })),
    },
  });
}

function encryptionOf(bucket: Bucket): ApiResponse {
  const { algorithm, keyId, bucketKey } = bucket.settings.encryption;
  return xml('ServerSideEncryptionConfiguration', {
    Rule: {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId },
      BucketKeyEnabled: bucketKey,
    },
  });
}

function publicAccessBlockOf(bucket: Bucket): ApiResponse {
  const { publicAccessBlock } = bucket.settings;
  if (!publicAccessBlock) {
    throw notFound(
      'NoSuchPublicAccessBlockConfiguration',
      'The public access block configuration was not found',
      bucket,
    );
  }
  return xml('PublicAccessBlockConfiguration', publicAccessBlock);
}

function objectLockOf(bucket: Bucket): ApiResponse {
  const { objectLock, defaultRetention } = bucket.settings;
  if (!objectLock) {
    throw notFound(
      'ObjectLockConfigurationNotFoundError',
      'Object Lock configuration does not exist for this bucket',
      bucket,
    );
  }
  return xml('ObjectLockConfiguration', {
    ObjectLockEnabled: 'Enabled',
    Rule: defaultRetention && {
      DefaultRetention: { Mode: defaultRetention.mode, Days: defaultRetention.days },
    },
  });
}

function policyOf(bucket: Bucket): ApiResponse {
  if (!bucket.policy) {
    throw notFound('NoSuchBucketPolicy', 'The bucket policy does not exist', bucket);
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: bucket.policy.text,
  };
}

function tagsOf(bucket: Bucket): ApiResponse {
  const tags = Object.entries(bucket.tags);
  if (tags.length === 0) throw notFound('NoSuchTagSet', 'The TagSet does not exist', bucket);
  return xml('Tagging', { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } });
}

/** An operation that shows one setting of a bucket. */
function showing(
  selector: string,
  name: string,
  action: string,
  show: (bucket: Bucket, exchange: S3Exchange) => ApiResponse,
): Operation {
  return {
    name,
    level: 'bucket',
    method: 'GET',
    selector,
    readOnly: true,
    dataEvent: false,
    run(exchange) {
      const bucket = requestedBucket(exchange);
      authorizeBucket(exchange, bucket, action);
      return show(bucket, exchange);
    },
  };
}

/** What shows buckets and their settings. Templates make and change them, no call does. */
export const bucketOperations: readonly Operation[] = [
  {
    name: 'ListBuckets',
    level: 'service',
    method: 'GET',
    readOnly: true,
    dataEvent: false,
    run: listBuckets,
  },
  {
    name: 'HeadBucket',
    level: 'bucket',
    method: 'HEAD',
    readOnly: true,
    dataEvent: true,
    run(exchange) {
      authorizeBucket(exchange, requestedBucket(exchange), 'ListBucket');
      return {
        status: 200,
        headers: { 'x-amz-bucket-region': exchange.cloud.surroundings.region },
      };
    },
  },
  showing('location', 'GetBucketLocation', 'GetBucketLocation', (_bucket, { cloud }) =>
    xml(
      'LocationConstraint',
      cloud.surroundings.region === 'us-east-1' ? '' : cloud.surroundings.region,
    ),
  ),
  showing('versioning', 'GetBucketVersioning', 'GetBucketVersioning', (bucket) =>
    xml('VersioningConfiguration', { Status: bucket.settings.versioning }),
  ),
  showing('policy', 'GetBucketPolicy', 'GetBucketPolicy', policyOf),
  showing('encryption', 'GetBucketEncryption', 'GetEncryptionConfiguration', encryptionOf),
  showing(
    'publicAccessBlock',
    'GetPublicAccessBlock',
    'GetBucketPublicAccessBlock',
    publicAccessBlockOf,
  ),
  showing(
    'object-lock',
    'GetObjectLockConfiguration',
    'GetBucketObjectLockConfiguration',
    objectLockOf,
  ),
  showing('tagging', 'GetBucketTagging', 'GetBucketTagging', tagsOf),
];
