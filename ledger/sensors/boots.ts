import * as z from 'zod';
import { BootId, DeviceId } from '../../ingest/model/codes.ts';
import { getItem, type Table } from '../table.ts';
import { type Fence, writeFenced } from './fence.ts';

const count = z.int().min(0);
/** A moment in whole seconds since 1970. */
const seconds = z.int();

/** One start of a device, and what has come of it. */
export const BootItem = z.object({
  device: DeviceId,
  boot: BootId,
  /** The highest number that came, or that a later boot told of; -1 where there is none yet. */
  highest: z.int().min(-1),
  /** Corrected times of its earliest and latest message; absent where none came. */
  firstAt: seconds.optional(),
  lastAt: seconds.optional(),
  /** Numbers that came. */
  messages: count,
  /** Numbers up to `highest` that did not come, and runs of them. */
  missing: count,
  gaps: count,
  /** The boot before it, as the device told. */
  previous: z.strictObject({ boot: BootId, messages: count }).optional(),
});
export type BootItem = z.infer<typeof BootItem>;

const sortKey = (boot: string): string => `BOOT#${boot}`;

/** Reads a boot; undefined where nothing is known of it. */
export async function getBoot(
  table: Table,
  device: string,
  boot: string,
): Promise<BootItem | undefined> {
  const found = await getItem(table, device, sortKey(boot));
  return found === undefined ? undefined : BootItem.parse(found);
}

/**
 * Writes a boot as it is after a chunk, once for each chunk. Answers false where it was there before.
 *
 * @throws LeaseLostError
 */
export function putBoot(
  table: Table,
  fence: Fence,
  item: BootItem,
  chunk: string,
): Promise<boolean> {
  const { device, boot } = item;
  const values: Readonly<Record<string, unknown>> = item;
  return writeFenced(table, fence, { partition: device, item: sortKey(boot), values, chunk });
}
