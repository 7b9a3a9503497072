import type { SensorMessage } from '../model/sensor-message.ts';
import type { Boot } from './boots.ts';
import { ecgFormat, type EcgSection } from './ecg-recording.ts';

/** What a device measured for one message, before it is sent. */
export interface MeasuredSlot {
  readonly device: string;
  readonly boot: Boot;
  readonly seq: number;
  /** When, by the device's clock. */
  readonly at: string;
  readonly observations: SensorMessage['observations'];
  readonly ecg?: EcgSection;
  /** How much later than the message its last value says it is. */
  readonly futureMs?: number;
}

/** Writes the message that is sent at a moment, which the device's clock calls `sentAtMs`. */
export function writeMessage(measured: MeasuredSlot, sentAtMs: number): SensorMessage {
  const { device, boot, seq, at, observations, ecg, futureMs } = measured;
  const { samples } = ecg ?? {};
  return {
    version: 1,
    device,
    boot: boot.boot,
    seq,
    sentAt: deviceTime(sentAtMs),
    ...(boot.previous && { previous: boot.previous }),
    observations: futureMs === undefined ? observations : lastIn(observations, sentAtMs + futureMs),
    waveforms: samples === undefined ? [] : [{ startsAt: at, ...ecgFormat, samples }],
  };
}

/** The last value only: a message's day is that of its first, and stays what it is. */
function lastIn(
  observations: SensorMessage['observations'],
  futureMs: number,
): SensorMessage['observations'] {
  return observations.map((observation, index) =>
    index === observations.length - 1 ? { ...observation, at: deviceTime(futureMs) } : observation,
  );
}

/** Writes a time as messages have it. */
export const deviceTime = (ms: number): string => new Date(ms).toISOString();
