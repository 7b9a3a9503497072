import type { DeviceItem } from '../../ingest/model/sensor-items.ts';
import { listDevices } from '../../ledger/sensors/devices.ts';
import { listGaps } from '../../ledger/sensors/gaps.ts';
import { getStatus } from '../../ledger/sensors/status.ts';
import type { Table } from '../../ledger/table.ts';
import { forEachBounded } from '../../runtime/for-each-bounded.ts';
import { isInService, judgeSilence } from './judge-silence.ts';

/** What is wrong with devices. */
export interface Examined {
  readonly devices: number;
  /** Devices in service that are silent. */
  readonly silent: number;
  readonly newestSilenceAt: string | null;
  /** Numbers of messages that are missing now and were not known to be before. */
  readonly missing: number;
  /** Devices in service whose clock is far off. */
  readonly skewed: number;
}

/** What the devices are held against. */
export interface Times {
  readonly knownUntil: Date | undefined;
  /** Gaps that were found after this are new; all are, without one. */
  readonly reportedUntil: Date | undefined;
  readonly now: Date;
}

const devicesAtOnce = 16;

/** A clock that is further off than this is somebody's to set, in milliseconds. */
const mostSkewMs = 60_000;

/** Looks at every registered device, and notes its silence. */
export async function examineDevices(table: Table, times: Times): Promise<Examined> {
  const found = { devices: 0, silent: 0, missing: 0, skewed: 0 };
  let newest: string | null = null;
  await forEachBounded(listDevices(table), devicesAtOnce, async (device) => {
    const status = await getStatus(table, device.device);
    const silence = await judgeSilence(
      table,
      { device, status, until: times.knownUntil },
      times.now,
    );
    found.devices += 1;
    if (silence !== undefined) {
      found.silent += 1;
      if (newest === null || silence.foundAt > newest) newest = silence.foundAt;
    }
    if (isInService(device) && Math.abs(status?.skewMs ?? 0) > mostSkewMs) found.skewed += 1;
    if (status !== undefined && status.gaps > 0) {
      found.missing += await newlyMissing(table, device, times);
    }
  });
  return { ...found, newestSilenceAt: newest };
}

/** Counts the numbers in a device's gaps that are open and new. */
async function newlyMissing(
  table: Table,
  { device }: DeviceItem,
  { reportedUntil }: Times,
): Promise<number> {
  let missing = 0;
  for await (const gap of listGaps(table, device)) {
    const { reason, closedAt, foundAt, fromSeq, toSeq } = gap;
    if (reason !== 'LOST' || closedAt !== undefined) continue;
    if (reportedUntil !== undefined && Date.parse(foundAt) <= reportedUntil.getTime()) continue;
    missing += fromSeq === undefined || toSeq === undefined ? 1 : toSeq - fromSeq + 1;
  }
  return missing;
}
