import type { DeviceItem, DeviceStatus, Gap } from '../../ingest/model/sensor-items.ts';
import { closeSilence, lastSilence, openSilence } from '../../ledger/sensors/silences.ts';
import type { Table } from '../../ledger/table.ts';

/** So many times the longest time between two messages, and a device is silent. */
const silentTimes = 3;

/** What a device is judged by. */
export interface Heard {
  readonly device: DeviceItem;
  readonly status: DeviceStatus | undefined;
  /** Until when it is known what has come; undefined opens no silence. */
  readonly until: Date | undefined;
}

/** Says whether somebody waits for a device: it is worn, and was not revoked. */
export const isInService = ({ inServiceSince, revokedAt }: DeviceItem): boolean =>
  inServiceSince !== undefined && revokedAt === undefined;

/**
 * Opens the silence of a device that is not heard, closes that of one that is heard again, and answers
 * the one that is open then.
 *
 * A silence begins with the last message, or with the service where that is later. It ends with the
 * last message that came by the time it is closed; and without one where nobody wears the device any
 * more, or somebody began to anew. A second call finds its own work done.
 */
export async function judgeSilence(
  table: Table,
  { device, status, until }: Heard,
  now: Date,
): Promise<Gap | undefined> {
  const last = await lastSilence(table, device.device);
  const heardAt = later(status?.lastReceivedAt, device.inServiceSince);
  let open = last?.closedAt === undefined ? last : undefined;
  if (open !== undefined && (!isInService(device) || isAfter(heardAt, open.from))) {
    const to = isAfter(status?.lastReceivedAt, open.from) ? status?.lastReceivedAt : undefined;
    await closeSilence(table, { device: device.device, from: open.from, to }, now);
    open = undefined;
  }
  if (open !== undefined || !isInService(device) || heardAt === undefined || until === undefined) {
    return open;
  }
  const silentSeconds = (until.getTime() - Date.parse(heardAt)) / 1000;
  if (silentSeconds <= silentTimes * device.everySeconds) return undefined;
  return openSilence(table, { device: device.device, from: heardAt }, now);
}

function isAfter(time: string | undefined, other: string): boolean {
  return time !== undefined && Date.parse(time) > Date.parse(other);
}

function later(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isAfter(one, other) ? one : other;
}
