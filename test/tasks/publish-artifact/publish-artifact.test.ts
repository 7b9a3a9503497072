import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  NotFound,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  ArtifactMismatchError,
  publishArtifact,
} from '../../../tasks/publish-artifact/publish-artifact.ts';

const contents = 'the agent';
const digest = createHash('sha256').update(contents);
const hex = digest.copy().digest('hex');
const base64 = digest.copy().digest('base64');
const source = { sourceBucket: 'assets', sourceKey: 'a.tar', targetBucket: 's3a', sha256: hex };
const key = `artifacts/sha256/${hex}`;

const mock = mockClient(S3Client);
const s3 = new S3Client({ region: 'us-east-1' });

const refusal = (name: string) =>
  new S3ServiceException({ name, $fault: 'client', $metadata: {}, message: name });

beforeEach(() => {
  mock.reset();
  mock.on(HeadObjectCommand).rejects(new NotFound({ message: 'no', $metadata: {} }));
  mock.on(GetObjectCommand).resolves({
    Body: Readable.from([contents]) as never,
    ContentLength: contents.length,
  });
  mock.on(PutObjectCommand).resolves({});
});

const puts = () => mock.commandCalls(PutObjectCommand).map(({ args }) => args[0].input);

describe('publishing an artifact', () => {
  it('puts the asset under its digest, and has S3 hold the bytes against it', async () => {
    const published = await publishArtifact(source, s3);

    expect(published).toBe(key);
    expect(puts()).toEqual([
      expect.objectContaining({
        Bucket: 's3a',
        Key: key,
        ContentLength: contents.length,
        ChecksumSHA256: base64,
        IfNoneMatch: '*',
      }),
    ]);
  });

  it('writes nothing where the artifact is there already', async () => {
    mock.on(HeadObjectCommand).resolves({ ChecksumSHA256: base64 });

    const published = await publishArtifact(source, s3);

    expect(published).toBe(key);
    expect(mock.commandCalls(GetObjectCommand)).toEqual([]);
    expect(puts()).toEqual([]);
  });

  it('is content when another deployment was faster', async () => {
    mock
      .on(HeadObjectCommand)
      .rejectsOnce(new NotFound({ message: 'no', $metadata: {} }))
      .resolves({ ChecksumSHA256: base64 });
    mock.on(PutObjectCommand).rejects(refusal('PreconditionFailed'));

    await expect(publishArtifact(source, s3)).resolves.toBe(key);
  });

  it('refuses an asset with other bytes than its template says', async () => {
    mock.on(PutObjectCommand).rejects(refusal('BadDigest'));

    await expect(publishArtifact(source, s3)).rejects.toThrow(ArtifactMismatchError);
  });

  it('refuses another file under the digest, and does not replace it', async () => {
    mock.on(HeadObjectCommand).resolves({ ChecksumSHA256: 'AAAA' });

    await expect(publishArtifact(source, s3)).rejects.toThrow(ArtifactMismatchError);
    expect(puts()).toEqual([]);
  });

  it('passes on what S3 denies', async () => {
    mock.on(GetObjectCommand).rejects(refusal('AccessDenied'));

    await expect(publishArtifact(source, s3)).rejects.toThrow('AccessDenied');
  });
});
