import { createHash } from 'node:crypto';
import { GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { RunRecord } from '../../../audit/run-record.ts';
import { readZip } from '../../../audit/verify/read-zip.ts';
import { verifyOpened } from '../../../audit/verify/verify-bundle.ts';
import { executionHash } from '../../../workflow/model/names.ts';
import { evidencePrefix } from '../../../workflow/model/keys.ts';
import type { RoleDeployment } from './study-cloud.ts';

/** Evidence as it lies in S3L. */
export interface StoredBundle {
  readonly key: string;
  readonly zip: Uint8Array;
  readonly record: RunRecord;
  /** What does not verify, offline and against the deployment's key; nothing where all does. */
  readonly faults: readonly string[];
}

/**
 * Reads the evidence of an execution, with the auditor's rights, in the order of its redrives.
 *
 * `batchId` is the one in its key; absent where the request named none.
 */
export async function readEvidence(
  { s3, kms, settings }: RoleDeployment,
  { executionArn, batchId = 'none' }: { executionArn: string; batchId?: string | undefined },
): Promise<StoredBundle[]> {
  const Bucket = settings.logBucket;
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({
      Bucket,
      Prefix: `${evidencePrefix}${settings.study}/${batchId}/${executionHash(executionArn)}-`,
    }),
  );
  if (Contents.length === 0) return [];
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: settings.evidenceKeyArn }));
  const key = createHash('sha256').update(PublicKey!).digest('hex');
  return Promise.all(
    Contents.map(async ({ Key = '' }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return openBundle(Key, await Body!.transformToByteArray(), key);
    }),
  );
}

function openBundle(key: string, zip: Uint8Array, signer: string): StoredBundle {
  const { checks } = verifyOpened({ container: 'zip', bytes: zip }, { key: signer });
  const faults = checks.flatMap(({ name, problems }) => problems.map((it) => `${name}: ${it}`));
  const text = Buffer.from(readZip(zip).files.get('data/record.json') ?? []).toString('utf8');
  return { key, zip, record: RunRecord.parse(JSON.parse(text)), faults };
}
