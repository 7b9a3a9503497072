import * as z from 'zod';
import { SensorBatch } from '../../ingest/model/sensor-items.ts';
import { queryItems, queryItemsFrom, type Table } from '../table.ts';
import { type Fence, writeFenced } from './fence.ts';

const partition = 'BATCHES';

type BatchName = Pick<SensorBatch, 'day' | 'part' | 'number'>;

const sortKey = ({ day, part, number }: BatchName): string =>
  `${day}#${part}#${String(number).padStart(3, '0')}`;

/** Drops what only the table needs. */
const StoredBatch = z.object(SensorBatch.shape);

/** Reads all sensor batches, or those from a day on, by day, part and number. */
export async function* listSensorBatches(
  table: Table,
  fromDay?: string,
): AsyncGenerator<SensorBatch> {
  for await (const item of queryItemsFrom(table, partition, fromDay ?? '0')) {
    yield StoredBatch.parse(item);
  }
}

/** Reads the sensor batches of one day, by part and number. */
export async function listBatchesOfDay(table: Table, day: string): Promise<SensorBatch[]> {
  const items = await Array.fromAsync(queryItems(table, partition, `${day}#`));
  return items.map((item) => StoredBatch.parse(item)).sort(byNumber);
}

/** A thousandth batch of a day would sort before the second one. */
const byNumber = (left: SensorBatch, right: SensorBatch): number =>
  left.part < right.part ? -1 : left.part > right.part ? 1 : left.number - right.number;

/**
 * Opens a batch, with nothing in it. A repeated call changes nothing, once there is something in it.
 *
 * @throws LeaseLostError where there is another one of this name
 */
export async function openSensorBatch(
  table: Table,
  fence: Fence,
  batch: BatchName & Pick<SensorBatch, 'batchId' | 'openedAt'>,
): Promise<SensorBatch> {
  const opened: SensorBatch = { ...batch, state: 'OPEN', objects: 0, records: 0 };
  await write(table, fence, opened, {
    condition: 'attribute_not_exists(#batchId) OR (#batchId = :batchId AND #objects = :objects)',
  });
  return opened;
}

/**
 * Writes a batch's counts as they are after a chunk that has one object of it, once for each chunk.
 * Answers false where they were written before.
 *
 * @throws LeaseLostError where it is not open any more, too
 */
export function countSensorObject(
  table: Table,
  fence: Fence,
  counted: SensorBatch,
  chunk: string,
): Promise<boolean> {
  return write(table, fence, counted, { condition: '#state = :state', chunk });
}

/**
 * Begins the seal of a batch: nothing more is added to it from here on.
 *
 * @throws LeaseLostError
 */
export async function beginSeal(
  table: Table,
  fence: Fence,
  batch: SensorBatch,
): Promise<SensorBatch> {
  const sealing: SensorBatch = { ...batch, state: 'SEALING' };
  await write(table, fence, sealing, {});
  return sealing;
}

/**
 * Ends the seal of a batch: its manifest is stored.
 *
 * @throws LeaseLostError
 */
export async function endSeal(
  table: Table,
  fence: Fence,
  batch: SensorBatch,
  now: Date,
): Promise<void> {
  await write(table, fence, { ...batch, state: 'SEALED', sealedAt: now.toISOString() }, {});
}

function write(
  table: Table,
  fence: Fence,
  batch: SensorBatch,
  more: { readonly condition?: string; readonly chunk?: string },
): Promise<boolean> {
  const values: Readonly<Record<string, unknown>> = batch;
  return writeFenced(table, fence, { partition, item: sortKey(batch), values, ...more });
}
