import * as z from 'zod';
import { Study } from '../../workflow/model/code.ts';
import { BootId, DeviceId } from '../model/codes.ts';
import { Faults } from './fleet-plan.ts';

const count = z.int().min(0);
const time = z.iso.datetime();

/** A run of numbers that were never sent: a gap that a receiver must find, no more and no less. */
export const DroppedRun = z.strictObject({
  device: DeviceId,
  boot: BootId,
  fromSeq: count,
  toSeq: count,
});
export type DroppedRun = z.infer<typeof DroppedRun>;

/** What one device did: `sent` is `distinct`, `duplicates`, `conflicts` and `poison` together. */
export const DeviceReport = z.strictObject({
  device: DeviceId,
  /** Added to every time that it writes. */
  skewMs: z.int(),
  /** In the order in which it started them, and how many messages each numbered. */
  boots: z.array(z.strictObject({ boot: BootId, messages: count })),
  numbered: count,
  dropped: count,
  sent: count,
  /** Valid messages, each number once: what is stored in the end, where the device is known. */
  distinct: count,
  duplicates: count,
  conflicts: count,
  poison: count,
  /** Sent after a message of a higher number of the same boot, or of a later boot. */
  late: count,
  /** Within `distinct`; so are all that follow. */
  observations: count,
  futureValues: count,
  impossibleValues: count,
  /** Blocks of ten seconds, and the beats of the heart in them. */
  ecgBlocks: count,
  ecgBeats: count,
  /** Connections that it cut. */
  disconnects: count,
  /** Under way when a connection was lost: sent again by MQTT, so the receiver may have some of them twice. */
  resent: count,
});
export type DeviceReport = z.infer<typeof DeviceReport>;

/** What a fleet did, exactly: what a gap ledger is held against. Ids and counts, no value. */
export const FleetReport = z.strictObject({
  version: z.literal(1),
  study: Study,
  seed: count,
  /** The span that was measured, by the true clock. */
  from: time,
  to: time,
  faults: Faults,
  /** Ended before the span did: each device then sent what it held, and one message more. */
  interrupted: z.boolean(),
  devices: z.array(DeviceReport),
  /** By device, boot and number. */
  gaps: z.array(DroppedRun),
  /** Numbers that were sent with two contents. */
  conflicts: z.array(z.strictObject({ device: DeviceId, boot: BootId, seq: count })),
});
export type FleetReport = z.infer<typeof FleetReport>;

/** One figure of a report, over all its devices. */
export function totalOf(
  { devices }: FleetReport,
  figure: Exclude<keyof DeviceReport, 'device' | 'boots' | 'skewMs'>,
): number {
  return devices.reduce((total, device) => total + device[figure], 0);
}
