import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createDecryptor } from '../../../envelope/decryptor.ts';
import type { SensorBatch } from '../../../ingest/model/sensor-items.ts';
import { SensorObjectHeader, SensorRecord } from '../../../ingest/model/sensor-object.ts';
import { listSensorBatches } from '../../../ledger/sensors/batches.ts';
import type { Table } from '../../../ledger/table.ts';
import { inputKey } from '../../../workflow/model/keys.ts';
import { fromInside } from './from-inside.ts';
import type { StudyCloud } from './study-cloud.ts';

/** A record of S3D, and the part of its day that it was found in. */
export interface FoundRecord extends SensorRecord {
  readonly part: SensorBatch['part'];
}

/** Decrypts all that pollers stored, whatever the ledger says of it: nobody but a worker could. */
export async function readSensorRecords(
  { cloud, settings }: StudyCloud,
  sensors: Table,
): Promise<FoundRecord[]> {
  const s3 = new S3Client({ ...fromInside(cloud, 's3'), forcePathStyle: true });
  const kms = new KMSClient(fromInside(cloud, 'kms'));
  const { study, inputBucket: Bucket, dataKeyArn: keyArn } = settings;
  const found: FoundRecord[] = [];
  for await (const { batchId, part } of listSensorBatches(sensors)) {
    const place = { study, batchId };
    const { decrypt } = createDecryptor({ kms, keyArn, place, kind: 'input' });
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: inputKey(place, '') }),
    );
    for (const { Key = '' } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const text = (await buffer(decrypt(Body as Readable))).toString();
      found.push(...readRecords(text).map((record) => ({ ...record, part })));
    }
  }
  return found;
}

function readRecords(text: string): SensorRecord[] {
  const [header, ...records] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  SensorObjectHeader.parse(header);
  return records.map((record) => SensorRecord.parse(record));
}
