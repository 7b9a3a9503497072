import * as z from 'zod';
import { BatchId, ObjectId } from '../../workflow/model/code.ts';
import { BootId, DeviceId, SubjectCode } from './codes.ts';
import { Day } from './sensor-object.ts';

/** A moment by AWS's clock. */
const time = z.iso.datetime();
const count = z.int().min(0);

/** A device as the operator registered it. In the sensor ledger; no subject in it. */
export const DeviceItem = z.strictObject({
  device: DeviceId,
  registeredAt: time,
  /** Longest time in seconds between two messages of a device that is well. */
  everySeconds: z.int().min(1).max(86_400),
  /** Since when somebody wears it: silence is trouble from then on. */
  inServiceSince: time.optional(),
  /** From then on whatever it sends is set aside, and AWS IoT refuses its certificate. */
  revokedAt: time.optional(),
});
export type DeviceItem = z.infer<typeof DeviceItem>;

/** From when to when a device was whose: in the assignments table, which only the secure VM and researchers read. */
export const Assignment = z.strictObject({
  device: DeviceId,
  from: time,
  /** Absent while it goes on. The moment itself is the next one's. */
  to: time.optional(),
  subject: SubjectCode,
});
export type Assignment = z.infer<typeof Assignment>;

/** What has come of a device, all in all. */
export const DeviceStatus = z.strictObject({
  device: DeviceId,
  /** New messages: stored in a day's batch, or set aside. */
  received: count,
  /** Came again, with the same content. Dropped. */
  duplicates: count,
  /** Set aside, as a whole or in part: by reason. */
  aside: z.record(z.string(), count),
  /** Messages of an invalid form; they end in the dead-letter queue. */
  rejected: count,
  /** Numbers missing now, and runs of them. */
  missing: count,
  gaps: count,
  lastReceivedAt: time.optional(),
  /** `receivedAt` minus the oldest value of the last message, in milliseconds. */
  lagMs: z.int().optional(),
  /** `receivedAt` minus `sentAt` of the last message, in milliseconds: what its clock is behind. */
  skewMs: z.int().optional(),
});
export type DeviceStatus = z.infer<typeof DeviceStatus>;

/**
 * Messages that were expected and did not come. `LOST`: numbers between two that came, or at the end of a
 * boot whose successor told how many there were. `SILENT`: a device in service sends nothing at all.
 */
export const GapReason = z.enum(['LOST', 'SILENT']);
export type GapReason = z.infer<typeof GapReason>;

/** A gap. Late data closes it, or what they fill of it: what is left stays open. */
export const Gap = z.strictObject({
  device: DeviceId,
  reason: GapReason,
  /** Corrected time of the last message before, and of the first after, where there is one. */
  from: time,
  to: time.optional(),
  /** Of a `LOST` gap: the boot, and the first and last number that is missing. */
  boot: BootId.optional(),
  fromSeq: count.optional(),
  toSeq: count.optional(),
  /** When it was found out, and when the last of it came. */
  foundAt: time,
  closedAt: time.optional(),
});
export type Gap = z.infer<typeof Gap>;

/**
 * A batch of a day's sensor data. `MAIN` is the day's first; `LATE` ones take what comes when the one
 * before is sealed; `ASIDE` has what nobody could be given.
 */
export const SensorBatch = z.strictObject({
  day: Day,
  part: z.enum(['MAIN', 'LATE', 'ASIDE']),
  /** 1 for the first of its day and part. */
  number: z.int().min(1),
  batchId: BatchId,
  /** `SEALING`: nothing more is added to it; its manifest is on the way. */
  state: z.enum(['OPEN', 'SEALING', 'SEALED']),
  openedAt: time,
  sealedAt: time.optional(),
  objects: count,
  records: count,
});
export type SensorBatch = z.infer<typeof SensorBatch>;

/** A committed object of a sensor batch: what its manifest will say. Digests of ciphertext and plaintext. */
export const SensorObjectItem = z.strictObject({
  batchId: BatchId,
  objectId: ObjectId,
  records: count,
  sizeBytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  ciphertextBytes: count,
  ciphertextSha256: z.string().regex(/^[0-9a-f]{64}$/),
  storedAt: time,
});
export type SensorObjectItem = z.infer<typeof SensorObjectItem>;

/** Codes of what an ingest run finds wrong; a mail and a run's record carry these and counts, nothing else. */
export const Trouble = z.enum([
  'WORKBENCH_STOPPED',
  'WORKBENCH_UNREACHABLE',
  'POLL_FAILED',
  'RUN_FAILED',
  'POLLER_BUSY',
  'QUEUE_AGING',
  'DEAD_LETTERS',
  'DEVICE_SILENT',
  'MESSAGES_MISSING',
  'CONFLICT',
  'UNASSIGNED',
  'UNREGISTERED',
  'REVOKED',
  'MISDIRECTED',
  'CLOCK_SKEW',
]);
export type Trouble = z.infer<typeof Trouble>;

/** A trouble, and how many of what it is about: messages, devices, or 1. */
export const TroubleCount = z.strictObject({ code: Trouble, count: z.int().min(1) });
export type TroubleCount = z.infer<typeof TroubleCount>;
