import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Transcript } from './transcript.ts';

/** Calls that the bucket must refuse to the very principal that just uploaded. */
export async function tryDeniedCalls(
  s3: S3Client,
  bucket: string,
  key: string,
  transcript: Transcript,
): Promise<void> {
  const target = { Bucket: bucket, Key: key };
  const get = await errorOf(s3.send(new GetObjectCommand(target)));
  const list = await errorOf(s3.send(new ListObjectsV2Command({ Bucket: bucket })));
  const replace = await errorOf(
    s3.send(new PutObjectCommand({ ...target, Body: 'x', IfNoneMatch: '*' })),
  );
  const plainPut = await errorOf(s3.send(new PutObjectCommand({ ...target, Body: 'x' })));
  const told = (calls: string, error: string): string => `the uploader ${calls}: ${error}`;
  transcript.check('uploader cannot GET', get === 'AccessDenied', told('GETs what it sent', get));
  transcript.check('uploader cannot LIST', list === 'AccessDenied', told('LISTs the bucket', list));
  transcript.check(
    'uploader cannot overwrite',
    replace === 'PreconditionFailed' && plainPut === 'AccessDenied',
    told('PUTs it again', `${replace}; without If-None-Match: ${plainPut}`),
  );
}

/** Name of the error that a call ends with; `none` where it is let through. */
async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name;
    throw error;
  }
}
