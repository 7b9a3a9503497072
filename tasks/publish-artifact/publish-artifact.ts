import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';

/** Where CDK put a file, and under which digest S3A shall have it. */
export interface ArtifactSource {
  readonly sourceBucket: string;
  readonly sourceKey: string;
  readonly targetBucket: string;
  /** Digest of the file, in hex. */
  readonly sha256: string;
}

/** The bytes are not those that the template names. */
export class ArtifactMismatchError extends Error {
  override readonly name = 'ArtifactMismatchError';
  readonly code = 'ArtifactMismatchError';
}

/** Key in S3A of a file that workers get by its digest. */
export const artifactKey = (sha256: string): string => `artifacts/sha256/${sha256}`;

/**
 * Copies a file from CDK's asset bucket into S3A under its digest, and answers its key there.
 *
 * S3 itself holds the bytes against the digest before it stores them. They stream through, because
 * CopyObject knows no If-None-Match. A file that is there stays: a second call changes nothing.
 *
 * @throws ArtifactMismatchError where source or target have another digest.
 */
export async function publishArtifact(source: ArtifactSource, s3: S3Client): Promise<string> {
  const key = artifactKey(source.sha256);
  if (await isPublished(source, s3)) return key;
  const { Body, ContentLength } = await s3.send(
    new GetObjectCommand({ Bucket: source.sourceBucket, Key: source.sourceKey }),
  );
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: source.targetBucket,
        Key: key,
        Body,
        ContentLength,
        ChecksumSHA256: base64(source.sha256),
        IfNoneMatch: '*',
      }),
    );
  } catch (error) {
    if (isNamed(error, 'PreconditionFailed') && (await isPublished(source, s3))) return key;
    if (isNamed(error, 'BadDigest')) {
      throw new ArtifactMismatchError('the asset does not have the digest of its template', {
        cause: error,
      });
    }
    throw error;
  }
  return key;
}

async function isPublished(
  { targetBucket, sha256 }: ArtifactSource,
  s3: S3Client,
): Promise<boolean> {
  try {
    const { ChecksumSHA256 } = await s3.send(
      new HeadObjectCommand({
        Bucket: targetBucket,
        Key: artifactKey(sha256),
        ChecksumMode: 'ENABLED',
      }),
    );
    if (ChecksumSHA256 === base64(sha256)) return true;
  } catch (error) {
    if (isNamed(error, 'NotFound')) return false;
    throw error;
  }
  throw new ArtifactMismatchError('S3A has another file under this digest');
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof S3ServiceException && error.name === name;
}
