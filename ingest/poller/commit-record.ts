import * as z from 'zod';
import { BootId, DeviceId } from '../model/codes.ts';
import { SensorBatch, SensorObjectItem } from '../model/sensor-items.ts';
import { AsideReason } from '../model/sensor-object.ts';

const count = z.int().min(0);
const seconds = z.int();

/**
 * Most messages of one commit.
 *
 * DynamoDB takes items of 400 KB. A message that is the only one of its device, and has all that a
 * record can say of it, takes some 330 bytes: 330 KB, and 30 KB for the objects.
 */
export const mostCommittedMessages = 1_000;
/** Most days of one commit: each has two objects at most, of some 450 bytes. */
export const mostCommittedDays = 30;

/** An object of the commit, and the batch that it is of. */
const CommittedObject = z.strictObject({
  ...SensorObjectItem.omit({ storedAt: true }).shape,
  ...SensorBatch.pick({ day: true, part: true, number: true }).shape,
});
export type CommittedObject = z.infer<typeof CommittedObject>;

/** Numbers of a boot that are received with the commit. */
const CommittedBoot = z.strictObject({
  boot: BootId,
  /** {@link packMessages} */
  messages: z.base64(),
  previous: z.strictObject({ boot: BootId, messages: count }).optional(),
  /** When the first of the messages that told of it was of. */
  previousToldAt: seconds.optional(),
});
export type CommittedBoot = z.infer<typeof CommittedBoot>;

const CommittedDevice = z.strictObject({
  device: DeviceId,
  /** What the device's status has to be changed by, and its last message. */
  received: count,
  duplicates: count,
  rejected: count,
  aside: z.partialRecord(AsideReason, count),
  last: z.strictObject({ receivedAt: z.int(), lagMs: z.int(), skewMs: z.int() }).optional(),
  boots: z.array(CommittedBoot),
  /** Set aside without being received for the device: boot, number, short digest. */
  kept: z.array(z.tuple([BootId, count, z.string()])),
});
export type CommittedDevice = z.infer<typeof CommittedDevice>;

/** What a commit decides: which messages are received and where they are stored. No value is in it. */
export const CommitRecord = z.strictObject({
  version: z.literal(1),
  /** Ids sort as the commits happened: the owner's epoch, and a number. */
  chunk: z.string().regex(/^\d{8}-\d{6}$/),
  at: z.iso.datetime(),
  objects: z.array(CommittedObject),
  devices: z.array(CommittedDevice),
});
export type CommitRecord = z.infer<typeof CommitRecord>;

/** A message of a boot that is received. */
export interface ReceivedMessage {
  readonly seq: number;
  readonly digest: string;
  /** Its moment in whole seconds since 1970. */
  readonly seconds: number;
}

const digestBytes = 8;
const messageBytes = 4 + digestBytes + 8;

/** Packs messages: number, short digest, moment. */
export function packMessages(messages: readonly ReceivedMessage[]): string {
  const bytes = Buffer.alloc(messages.length * messageBytes);
  for (const [index, { seq, digest, seconds: moment }] of messages.entries()) {
    const at = index * messageBytes;
    bytes.writeUInt32BE(seq, at);
    bytes.write(digest, at + 4, digestBytes, 'hex');
    bytes.writeBigInt64BE(BigInt(moment), at + 4 + digestBytes);
  }
  return bytes.toString('base64');
}

/** Unpacks what {@link packMessages} packed. */
export function unpackMessages(packed: string): ReceivedMessage[] {
  const bytes = Buffer.from(packed, 'base64');
  const messages: ReceivedMessage[] = [];
  for (let at = 0; at + messageBytes <= bytes.length; at += messageBytes) {
    messages.push({
      seq: bytes.readUInt32BE(at),
      digest: bytes.toString('hex', at + 4, at + 4 + digestBytes),
      seconds: Number(bytes.readBigInt64BE(at + 4 + digestBytes)),
    });
  }
  return messages;
}
