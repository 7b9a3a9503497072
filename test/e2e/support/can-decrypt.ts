import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { inject } from 'vitest';
import { ByteReader } from '../../../envelope/byte-reader.ts';
import { readMessageHeader } from '../../../envelope/message-header.ts';
import { encryptionContext } from '../../../workflow/model/encryption-context.ts';
import type { CraftedBatch } from './craft-batch.ts';
import { until } from './run-batch.ts';
import type { StudyCloud } from './study-cloud.ts';

/** Asks KMS, in a session of a role, for the data key of a batch's first object. */
export async function canDecrypt(
  { cloud, settings }: StudyCloud,
  batch: CraftedBatch,
  role: string,
  session: string,
): Promise<boolean> {
  const place = { study: settings.study, batchId: batch.batchId };
  const context = encryptionContext(place, 'input');
  const message = batch.objects[0]?.stored ?? Buffer.alloc(0);
  const { encryptedDataKey } = await readMessageHeader(new ByteReader(Readable.from([message])), {
    keyArn: settings.dataKeyArn,
    context,
  });
  const kms = new KMSClient({
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: cloud.credentials(role, session),
  });
  const decrypt = new DecryptCommand({
    KeyId: settings.dataKeyArn,
    CiphertextBlob: encryptedDataKey.encryptedDataKey,
    EncryptionContext: context,
  });
  try {
    await kms.send(decrypt);
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDeniedException') return false;
    throw error;
  } finally {
    kms.destroy();
  }
}

/** Waits until the one worker of a batch can decrypt, then asks everybody: answers who can. */
export async function readersOfRunning(study: StudyCloud, batch: CraftedBatch): Promise<string[]> {
  const can = (role: string, session: string) => canDecrypt(study, batch, role, session);
  const instanceId = await until(async () => {
    const { Reservations } = await study.as('operator').ec2.send(new DescribeInstancesCommand({}));
    return Reservations?.[0]?.Instances?.[0]?.InstanceId;
  });
  await until(async () => ((await can('Worker', instanceId)) ? true : undefined));
  const found = [instanceId];
  if (await can('Worker', 'i-00000000000000000')) found.push('another worker');
  for (const role of ['uploader', 'researcher', 'operator', 'auditor']) {
    if (await can(role, role)) found.push(role);
  }
  return found;
}

/** Logical ids of every role that the templates declare. */
export async function declaredRoles(): Promise<string[]> {
  const folder = inject('assembly');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.template.json'));
  const templates = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Template),
  );
  return templates.flatMap(({ Resources }) =>
    Object.keys(Resources).filter((id) => Resources[id]?.Type === 'AWS::IAM::Role'),
  );
}

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
}
