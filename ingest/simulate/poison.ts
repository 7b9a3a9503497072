import type { SensorMessage } from '../model/sensor-message.ts';
import type { RandomSource } from './random-source.ts';

const written = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Ways in which a message is none; each is made of a good one, whose number it has. */
const poisons: readonly ((message: SensorMessage) => Buffer)[] = [
  // Cut off by a weak battery.
  (message) => written(message).subarray(0, 100),
  () => Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3]),
  (message) => written({ ...message, note: 'unknown fields are refused' }),
  (message) => written({ ...message, version: 2 }),
  // 8867 has the check digit 4.
  (message) =>
    written({
      ...message,
      observations: message.observations.map((observation) => ({ ...observation, code: '8867-5' })),
    }),
  (message) => written({ ...message, seq: -1 }),
  () => written([]),
];

/** Makes a payload that no receiver can take for a message. */
export function makePoison(message: SensorMessage, random: RandomSource): Buffer {
  const poison = poisons[random.whole(0, poisons.length - 1)];
  if (poison === undefined) throw new RangeError('there is no such poison');
  return poison(message);
}
