import { createHash } from 'node:crypto';
import { shortDigest } from '../../ledger/sensors/blocks.ts';
import { DeviceId } from '../model/codes.ts';
import { QueuedMessage } from '../model/queued-message.ts';
import { SensorMessage } from '../model/sensor-message.ts';
import type { Receipt } from './sensor-queue.ts';
import { correctionOf, dayOf, isWritable, momentOf, timesOf } from './sensor-time.ts';

/** A message of a valid form, as it was received. */
export interface Incoming {
  readonly kind: 'message';
  readonly receipt: Receipt;
  /** Who published it, as AWS IoT knows it: the message's own word for it may differ. */
  readonly device: string;
  readonly message: SensorMessage;
  /** Short digest of what it says: of all fields but `sentAt`, which is written anew each time it is sent. */
  readonly digest: string;
  /** By AWS's clock, in milliseconds. */
  readonly receivedAt: number;
  readonly correctionMs: number;
  /** What it is of, by AWS's clock, in milliseconds. */
  readonly moment: number;
  readonly day: string;
}

/** A message that cannot be read. Nobody deletes it: the queue's redrive policy takes it away. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly receipt: Receipt;
  /** Who published it, where that much can be read. */
  readonly device: string | undefined;
}

/** The same of a text that is no UTF-8 would be another text. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a message of the queue.
 *
 * Refused beyond the form: a boot that is its own predecessor, and times that cannot be written once
 * they are corrected (a clock that is off by millennia).
 */
export function readMessage(receipt: Receipt): Incoming | Unreadable {
  const queued = QueuedMessage.safeParse(parseJson(receipt.body)).data;
  const device = DeviceId.safeParse(queued?.device).data;
  const unreadable = { kind: 'unreadable', receipt, device } as const;
  if (queued === undefined || device === undefined) return unreadable;
  const { receivedAt } = queued;
  const payload = Buffer.from(queued.payload, 'base64');
  const message = SensorMessage.safeParse(parseJson(decode(payload))).data;
  if (message === undefined || message.previous?.boot === message.boot) return unreadable;
  const correctionMs = correctionOf(receivedAt, message.sentAt);
  const times = [...timesOf(message), message.sentAt].map((at) => Date.parse(at) + correctionMs);
  if (!isWritable(receivedAt) || !times.every(isWritable)) return unreadable;
  const moment = momentOf(message, { at: receivedAt, correctionMs });
  return {
    kind: 'message',
    receipt,
    device,
    message,
    digest: digestOf(message),
    receivedAt,
    correctionMs,
    moment,
    day: dayOf(moment),
  };
}

/** The schema puts the fields in its own order, so that they are the same whatever order they came in. */
function digestOf({ sentAt, ...content }: SensorMessage): string {
  return shortDigest(createHash('sha256').update(JSON.stringify(content)).digest());
}

function decode(payload: Buffer): string {
  try {
    return utf8.decode(payload);
  } catch {
    return '';
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
