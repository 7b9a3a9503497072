import type { SensorMessage } from '../model/sensor-message.ts';

/** A device's clock that is right to so much is taken to be right: publishing takes its time, too. */
const rightToMilliseconds = 5_000;

/** A value so much later than the moment it was sent is of the future. */
const futureMilliseconds = 5 * 60_000;

/** The last millisecond that a time of four digits a year can be. */
const lastMoment = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const firstMoment = Date.parse('0000-01-01T00:00:00.000Z');

/** Says whether a moment can be written as a `DeviceTime`. */
export const isWritable = (milliseconds: number): boolean =>
  milliseconds >= firstMoment && milliseconds <= lastMoment;

/** What has to be added to a device's times, in milliseconds. */
export function correctionOf(receivedAt: number, sentAt: string): number {
  const behind = receivedAt - Date.parse(sentAt);
  return Math.abs(behind) > rightToMilliseconds ? behind : 0;
}

/** Says whether a value is later than the moment it was sent, by the same clock. */
export const isFuture = (at: string, sentAt: string): boolean =>
  Date.parse(at) > Date.parse(sentAt) + futureMilliseconds;

/** The device's own times of all values of a message. */
export function* timesOf({ observations, waveforms }: SensorMessage): Generator<string> {
  for (const { at } of observations) yield at;
  for (const { startsAt } of waveforms) yield startsAt;
}

/**
 * When a message is of, in milliseconds by AWS's clock: its first value's corrected time; its own where
 * it has no value; that of its receipt where the first value is of the future.
 *
 * It decides the day that the message is stored in, and stands for it in gaps.
 */
export function momentOf(
  message: SensorMessage,
  received: { readonly at: number; readonly correctionMs: number },
): number {
  const [first = message.sentAt] = timesOf(message);
  if (isFuture(first, message.sentAt)) return received.at;
  return Date.parse(first) + received.correctionMs;
}

/** The UTC day of a moment. */
export const dayOf = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().slice(0, 10);
