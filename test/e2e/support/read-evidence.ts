import { createHash, verify } from 'node:crypto';
import { GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { unzipSync } from 'fflate';
import { RunRecord } from '../../../audit/run-record.ts';
import { executionHash } from '../../../workflow/model/names.ts';
import { evidencePrefix } from '../../../workflow/model/keys.ts';
import type { RoleDeployment, StudyCloud } from './study-cloud.ts';

/** Evidence as it lies in S3L. */
export interface StoredBundle {
  readonly key: string;
  readonly zip: Uint8Array;
  readonly record: RunRecord;
  /** What does not verify; nothing where all does. */
  readonly faults: readonly string[];
}

/** Keys of the evidence of an execution, in their order. */
export async function evidenceKeys(
  { s3, settings }: Pick<RoleDeployment, 's3' | 'settings'>,
  executionArn: string,
): Promise<string[]> {
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: settings.logBucket, Prefix: evidencePrefix }),
  );
  return Contents.flatMap(({ Key = '' }) =>
    Key.includes(`/${executionHash(executionArn)}-`) ? [Key] : [],
  );
}

/** Reads the evidence of an execution, with the auditor's rights. */
export async function readEvidence(
  study: StudyCloud,
  executionArn: string,
): Promise<StoredBundle[]> {
  const auditor = study.as('auditor');
  const bundles: StoredBundle[] = [];
  for (const Key of await evidenceKeys(auditor, executionArn)) {
    const { Body } = await auditor.s3.send(
      new GetObjectCommand({ Bucket: study.settings.logBucket, Key }),
    );
    bundles.push(await openBundle(auditor, Key, await Body!.transformToByteArray()));
  }
  return bundles;
}

async function openBundle(
  { kms, settings }: RoleDeployment,
  key: string,
  zip: Uint8Array,
): Promise<StoredBundle> {
  const files = new Map(
    Object.entries(unzipSync(zip)).map(([path, bytes]) => [path.replace(/^[^/]+\//, ''), bytes]),
  );
  const text = (path: string): string => Buffer.from(files.get(path) ?? []).toString('utf8');
  const faults = ['manifest-sha512.txt', 'tagmanifest-sha512.txt'].flatMap((manifest) =>
    text(manifest)
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  '))
      .filter(([digest, path = '']) => digest !== sha512(files.get(path) ?? new Uint8Array()))
      .map(([, path]) => `${path} is not as ${manifest} says`),
  );
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: settings.evidenceKeyArn }));
  const isSigned = verify(
    'sha384',
    files.get('tagmanifest-sha512.txt') ?? new Uint8Array(),
    { key: Buffer.from(PublicKey!), format: 'der', type: 'spki' },
    files.get('signature.der') ?? new Uint8Array(),
  );
  if (!isSigned) faults.push('the signature is not of the deployment’s key');
  return { key, zip, record: RunRecord.parse(JSON.parse(text('data/record.json'))), faults };
}

function sha512(bytes: Uint8Array): string {
  return createHash('sha512').update(bytes).digest('hex');
}
