import * as z from 'zod';
import { SensorObjectItem } from '../../ingest/model/sensor-items.ts';
import { queryItems, type Table } from '../table.ts';
import { type Fence, writeFenced } from './fence.ts';

const prefix = 'OBJECT#';

const partitionOf = (batchId: string): string => `BATCH#${batchId}`;

/** Drops what only the table needs. */
const StoredObject = z.object(SensorObjectItem.shape);

/**
 * Writes an object of a sensor batch. A second write is the same.
 *
 * @throws LeaseLostError
 */
export async function putSensorObject(
  table: Table,
  fence: Fence,
  object: SensorObjectItem,
): Promise<void> {
  const values: Readonly<Record<string, unknown>> = object;
  const { batchId, objectId } = object;
  await writeFenced(table, fence, {
    partition: partitionOf(batchId),
    item: prefix + objectId,
    values,
  });
}

/** Reads the objects of a sensor batch, sorted by id, page by page. */
export async function* listSensorObjects(
  table: Table,
  batchId: string,
): AsyncGenerator<SensorObjectItem> {
  for await (const item of queryItems(table, partitionOf(batchId), prefix)) {
    yield StoredObject.parse(item);
  }
}
