import { noteBatch } from '../../ledger/batches.ts';
import { registerObject } from '../../ledger/objects.ts';
import { blockOf, putBlock } from '../../ledger/sensors/blocks.ts';
import { putBoot } from '../../ledger/sensors/boots.ts';
import type { Fence } from '../../ledger/sensors/fence.ts';
import { putGap } from '../../ledger/sensors/gaps.ts';
import { noteKeptAside } from '../../ledger/sensors/kept-aside.ts';
import { putSensorObject } from '../../ledger/sensors/objects.ts';
import { putStatus } from '../../ledger/sensors/status.ts';
import type { LedgerTable, Table } from '../../ledger/table.ts';
import { forEachBounded } from '../../runtime/for-each-bounded.ts';
import type { DeviceStatus } from '../model/sensor-items.ts';
import { type BootChange, bootChanges } from './boot-changes.ts';
import type { CommitRecord, CommittedDevice, CommittedObject } from './commit-record.ts';
import { unpackMessages } from './commit-record.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { SensorBatches } from './sensor-batches.ts';

/** What applying a commit needs. */
export interface ApplyDeps {
  readonly sensors: Table;
  readonly ledger: LedgerTable;
  readonly fence: Fence;
  readonly memory: DeviceMemory;
  readonly batches: SensorBatches;
}

/** Devices, and objects, that are written at once. */
const parallel = 16;

/**
 * Writes what follows from a commit.
 *
 * Every write is the same however often, and where ever, an earlier try was cut off: items that count
 * are written once for a chunk, gaps depend on the set of numbers, and a device's items go in this order:
 * gaps, status, boots, blocks. A boot says how far its gaps go, so it comes after them; the status is
 * changed by what the boots will change by, so it comes before them.
 *
 * @throws LeaseLostError
 */
export async function applyCommit(record: CommitRecord, deps: ApplyDeps): Promise<void> {
  await forEachBounded(record.objects, parallel, (object) => applyObject(object, record, deps));
  await forEachBounded(record.devices, parallel, (device) => applyDevice(device, record, deps));
}

async function applyObject(
  object: CommittedObject,
  { chunk, at }: CommitRecord,
  { sensors, ledger, fence, batches }: ApplyDeps,
): Promise<void> {
  const { day, part, number, ...stored } = object;
  const { batchId, objectId, ciphertextBytes: sizeBytes } = stored;
  const storedAt = new Date(at);
  await putSensorObject(sensors, fence, { ...stored, storedAt: at });
  // S3's event does the same, as for an upload: whichever comes first.
  await noteBatch(ledger, batchId, storedAt);
  await registerObject(ledger, { batchId, objectId, sizeBytes }, storedAt);
  await batches.count(object, chunk);
}

async function applyDevice(
  committed: CommittedDevice,
  { chunk, at }: CommitRecord,
  { sensors, fence, memory }: ApplyDeps,
): Promise<void> {
  const { device } = committed;
  const changes = await bootChanges(committed, at, memory);
  for (const { gaps } of changes) {
    for (const gap of gaps) await putGap(sensors, fence, gap, chunk);
  }
  const status = statusAfter(await memory.status(device), committed, changes);
  const isNew = await putStatus(sensors, fence, status, chunk);
  memory.setStatus(device, isNew ? status : undefined);
  for (const { known } of changes) {
    const isNewBoot = await putBoot(sensors, fence, known.item, chunk);
    memory.setBoot(known.item, isNewBoot ? known : undefined);
  }
  for (const { boot, messages } of committed.boots) {
    const inBlocks = Map.groupBy(unpackMessages(messages), ({ seq }) => blockOf(seq));
    for (const [number, some] of inBlocks) {
      const block = await memory.block(device, boot, number);
      for (const { seq, digest } of some) block.set(seq, digest);
      await putBlock(sensors, fence, { device, boot, block: number }, block, chunk);
    }
  }
  for (const [boot, seq, digest] of committed.kept) {
    await noteKeptAside(sensors, fence, device, { boot, seq, digest });
  }
}

function statusAfter(
  before: DeviceStatus,
  { received, duplicates, rejected, aside, last }: CommittedDevice,
  changes: readonly BootChange[],
): DeviceStatus {
  const counts = { ...before.aside };
  for (const [reason, count] of Object.entries(aside)) {
    counts[reason] = (counts[reason] ?? 0) + count;
  }
  const isLater =
    last !== undefined && last.receivedAt >= Date.parse(before.lastReceivedAt ?? '0000-01-01');
  return {
    ...before,
    received: before.received + received,
    duplicates: before.duplicates + duplicates,
    rejected: before.rejected + rejected,
    aside: counts,
    missing: before.missing + changes.reduce((sum, { missing }) => sum + missing, 0),
    gaps: before.gaps + changes.reduce((sum, change) => sum + change.gapCount, 0),
    ...(isLater && {
      lastReceivedAt: new Date(last.receivedAt).toISOString(),
      lagMs: last.lagMs,
      skewMs: last.skewMs,
    }),
  };
}
