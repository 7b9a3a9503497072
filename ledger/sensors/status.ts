import * as z from 'zod';
import { DeviceStatus } from '../../ingest/model/sensor-items.ts';
import { getItem, type Table } from '../table.ts';
import { type Fence, writeFenced } from './fence.ts';

const item = 'STATUS';

/** Drops what only the table needs. */
const StoredStatus = z.object(DeviceStatus.shape);

/** Reads what has come of a device; undefined where nothing ever did. */
export async function getStatus(table: Table, device: string): Promise<DeviceStatus | undefined> {
  const found = await getItem(table, device, item);
  return found === undefined ? undefined : StoredStatus.parse(found);
}

/**
 * Writes the status as it is after a chunk, once for each chunk. Answers false where it was there before.
 *
 * @throws LeaseLostError
 */
export function putStatus(
  table: Table,
  fence: Fence,
  status: DeviceStatus,
  chunk: string,
): Promise<boolean> {
  const values: Readonly<Record<string, unknown>> = status;
  return writeFenced(table, fence, { partition: status.device, item, values, chunk });
}
