import { ApiError } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import type { S3Cloud, S3Exchange } from './s3-cloud.ts';
import type { S3Request } from './s3-request.ts';

/** Under what an object is encrypted at rest. */
export type ObjectEncryption =
  | { readonly algorithm: 'AES256' }
  | { readonly algorithm: 'aws:kms'; readonly keyArn: string; readonly bucketKey: boolean };

const ALGORITHM = 'x-amz-server-side-encryption';
const KEY_ID = 'x-amz-server-side-encryption-aws-kms-key-id';
const BUCKET_KEY = 'x-amz-server-side-encryption-bucket-key-enabled';

/** Headers that choose an encryption. */
export const encryptionHeaders = [ALGORITHM, KEY_ID, BUCKET_KEY] as const;

/** Condition keys for what the request says of encryption; they know nothing of the bucket's default. */
export function encryptionConditions(request: S3Request): Record<string, string | undefined> {
  return {
    [`s3:${ALGORITHM}`]: request.header(ALGORITHM),
    [`s3:${KEY_ID}`]: request.header(KEY_ID),
  };
}

/**
 * What the request asks for, else the bucket's default.
 *
 * @throws ApiError InvalidArgument, NotImplemented for other algorithms and for the key `aws/s3`.
 */
export function requestedEncryption(request: S3Request, bucket: Bucket): ObjectEncryption {
  const fallback = bucket.settings.encryption;
  const algorithm = request.header(ALGORITHM) ?? fallback.algorithm;
  const keyId = request.header(KEY_ID);
  if (keyId !== undefined && request.header(ALGORITHM) !== 'aws:kms') {
    throw new ApiError(
      'InvalidArgument',
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    );
  }
  if (algorithm === 'AES256') return { algorithm };
  if (algorithm !== 'aws:kms') {
    throw new ApiError(
      'NotImplemented',
      `S3: ${ALGORITHM} ${algorithm} is not supported by the embedded cloud`,
      501,
    );
  }
  // A request that says aws:kms and no key means aws/s3 to AWS, whatever the bucket's default is.
  const keyArn = keyId ?? (request.header(ALGORITHM) === undefined ? fallback.keyId : undefined);
  if (keyArn === undefined) {
    throw new ApiError(
      'NotImplemented',
      'S3: the AWS managed key aws/s3 is not supported by the embedded cloud',
      501,
    );
  }
  const bucketKey = request.header(BUCKET_KEY);
  return {
    algorithm,
    keyArn,
    bucketKey: bucketKey === undefined ? fallback.bucketKey : bucketKey === 'true',
  };
}

/** KMS's errors about the key itself reach a client of S3 under KMS's name. */
function throughS3<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    const own = ['DisabledException', 'KMSInvalidStateException', 'NotFoundException'];
    if (error instanceof ApiError && own.includes(error.code)) {
      throw new ApiError(`KMS.${error.code}`, error.message, 400);
    }
    throw error;
  }
}

function encryptionContext(bucket: Bucket, key: string, bucketKey: boolean) {
  return { 'aws:s3:arn': bucketKey ? bucket.arn : bucket.objectArn(key) };
}

function via({ surroundings }: S3Cloud): string {
  return `s3.${surroundings.region}.amazonaws.com`;
}

/**
 * Holds a new object against the caller's rights on its KMS key; answers the encryption with the
 * key's ARN.
 *
 * Nothing is encrypted by it: the bytes lie on disk as they were sent, and it is the policies that
 * are enforced.
 *
 * @throws ApiError AccessDenied, KMS.DisabledException, KMS.KMSInvalidStateException, KMS.NotFoundException
 */
export function encryptFor(
  { cloud, call }: S3Exchange,
  bucket: Bucket,
  key: string,
  encryption: ObjectEncryption,
): ObjectEncryption {
  if (encryption.algorithm === 'AES256') return encryption;
  const { keyArn } = throughS3(() =>
    cloud.storageKeys.generate(
      call,
      via(cloud),
      encryption.keyArn,
      encryptionContext(bucket, key, encryption.bucketKey),
    ),
  );
  return { ...encryption, keyArn };
}

/**
 * Holds a read of an object, or a further part of one, against the caller's rights on its KMS key.
 *
 * @throws ApiError as {@link encryptFor}
 */
export function decryptFor(
  { cloud, call }: S3Exchange,
  bucket: Bucket,
  key: string,
  encryption: ObjectEncryption,
): void {
  if (encryption.algorithm === 'AES256') return;
  throughS3(() =>
    cloud.storageKeys.use(
      call,
      via(cloud),
      encryption.keyArn,
      encryptionContext(bucket, key, encryption.bucketKey),
    ),
  );
}

/** The headers that tell how an object is encrypted. */
export function encryptionResponseHeaders(encryption: ObjectEncryption): Record<string, string> {
  return {
    [ALGORITHM]: encryption.algorithm,
    ...(encryption.algorithm === 'aws:kms' && {
      [KEY_ID]: encryption.keyArn,
      ...(encryption.bucketKey && { [BUCKET_KEY]: 'true' }),
    }),
  };
}
