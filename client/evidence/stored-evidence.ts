import { GetObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import { evidenceKey, type EvidencePlace } from '../../workflow/model/keys.ts';
import { UserError } from '../exit-codes.ts';

/**
 * Fetches the zip that the deployment wrote by itself after the end of a run.
 *
 * @throws UserError where there is none.
 */
export async function fetchStored(
  s3: S3Client,
  bucket: string,
  place: EvidencePlace,
): Promise<Uint8Array> {
  try {
    const Key = evidenceKey(place);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    if (Body === undefined) throw new UserError('unavailable', 'S3 answered without the evidence');
    return await Body.transformToByteArray();
  } catch (error) {
    if (!(error instanceof NoSuchKey)) throw error;
    throw new UserError(
      'badInput',
      'no evidence of this run is stored: it is written some minutes after the end, at the latest by the hourly sweep',
      { cause: error },
    );
  }
}
