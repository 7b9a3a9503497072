import type { DeviceItem, DeviceStatus } from '../../ingest/model/sensor-items.ts';
import { getDevice, listDevices } from '../../ledger/sensors/devices.ts';
import { lastSilence } from '../../ledger/sensors/silences.ts';
import { getStatus } from '../../ledger/sensors/status.ts';
import type { Table } from '../../ledger/table.ts';
import { UserError } from '../exit-codes.ts';

/** A device as it was registered, what has come of it, and since when it is silent. */
export type DeviceReport = Pick<DeviceItem, 'device'> &
  Partial<DeviceItem> & { readonly status?: DeviceStatus; readonly silentSince?: string };

/** Devices that are read at once. */
const atOnce = 16;

/**
 * Reads what is known of one device.
 *
 * @throws UserError where it was neither registered nor heard of.
 */
export async function readReport(table: Table, device: string): Promise<DeviceReport> {
  const item = await getDevice(table, device);
  const report = await reportOf(table, item ?? { device });
  if (item !== undefined || report.status !== undefined) return report;
  throw new UserError('badInput', 'there is no such device');
}

/** Reads what is known of all registered devices, by id. */
export async function readReports(table: Table): Promise<DeviceReport[]> {
  const devices = await Array.fromAsync(listDevices(table));
  const reports: DeviceReport[] = [];
  for (let first = 0; first < devices.length; first += atOnce) {
    const some = devices.slice(first, first + atOnce);
    reports.push(...(await Promise.all(some.map((item) => reportOf(table, item)))));
  }
  return reports;
}

async function reportOf(
  table: Table,
  item: Pick<DeviceItem, 'device'> & Partial<DeviceItem>,
): Promise<DeviceReport> {
  const status = await getStatus(table, item.device);
  const silence = await lastSilence(table, item.device);
  const silent = silence?.closedAt === undefined ? silence?.from : undefined;
  return {
    ...item,
    ...(status !== undefined && { status }),
    ...(silent !== undefined && { silentSince: silent }),
  };
}
