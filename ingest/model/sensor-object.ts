import * as z from 'zod';
import { Study } from '../../workflow/model/code.ts';
import { BootId, DeviceId, SubjectCode } from './codes.ts';
import { DeviceTime, Observation, Waveform } from './sensor-message.ts';

/** Media type of a sensor object's plaintext: JSON lines, a {@link SensorObjectHeader} and {@link SensorRecord}s. */
export const sensorMediaType = 'application/x-ndjson';

/** A day in UTC: `2026-11-23`. */
export const Day = z.iso.date();

/** First line of a sensor object. */
export const SensorObjectHeader = z.strictObject({
  version: z.literal(1),
  kind: z.literal('sensor-object'),
  study: Study,
  day: Day,
  /** Records that follow. */
  records: z.int().min(1),
});
export type SensorObjectHeader = z.infer<typeof SensorObjectHeader>;

/**
 * `IMPOSSIBLE`: outside of what the code's quantity can be in a living person, or of another unit than the
 * code has. `FUTURE`: later than the moment it was sent. Kept, both of them; no summary counts them.
 */
export const ValueFlag = z.enum(['IMPOSSIBLE', 'FUTURE']);
export type ValueFlag = z.infer<typeof ValueFlag>;

/** What a value is known by on the secure VM only. */
const joined = {
  /** Whom the device was assigned to at the corrected time; null only where the record is set aside. */
  subject: SubjectCode.nullable(),
  /** The device's time plus the record's correction. The original stands beside it. */
  correctedAt: DeviceTime,
  flags: z.array(ValueFlag),
} as const;

/**
 * Why a message, or some of its values, was set aside. `UNASSIGNED`: to nobody at that time.
 * `UNREGISTERED`: no such device. `REVOKED`: received after its revocation. `CONFLICT`: its number was
 * received with other content. `MISDIRECTED`: it says it is of another device than published it.
 */
export const AsideReason = z.enum([
  'UNASSIGNED',
  'UNREGISTERED',
  'REVOKED',
  'CONFLICT',
  'MISDIRECTED',
]);
export type AsideReason = z.infer<typeof AsideReason>;

/** One message, or its values that go the same way: a line of a sensor object. */
export const SensorRecord = z.strictObject({
  device: DeviceId,
  boot: BootId,
  seq: z.int().min(0),
  sentAt: DeviceTime,
  /** By AWS's clock. */
  receivedAt: DeviceTime,
  /** Milliseconds that were added to the device's times: 0 where its clock is right to some seconds. */
  correctionMs: z.int(),
  /** Absent in the day's own batches; present in every record of the batch that is set aside. */
  aside: AsideReason.optional(),
  observations: z.array(z.strictObject({ ...Observation.shape, ...joined })),
  waveforms: z.array(z.strictObject({ ...Waveform.shape, ...joined })),
});
export type SensorRecord = z.infer<typeof SensorRecord>;
