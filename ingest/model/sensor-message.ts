import * as z from 'zod';
import { BootId, DeviceId } from './codes.ts';

/** Most bytes of a message: what AWS IoT Core takes. */
export const mostMessageBytes = 128 * 1024;

/** A time as a device's clock has it: RFC 3339 in UTC, with milliseconds. */
export const DeviceTime = z.iso.datetime({ precision: 3 });

/** LOINC: digits, a hyphen, and their check digit (modulus 10, double-add-double). */
export const LoincCode = z
  .string()
  .regex(/^[1-9][0-9]{0,6}-[0-9]$/, { error: 'must be a LOINC code like 8867-4' })
  .refine(hasRightCheckDigit, { error: 'must be a LOINC code with its check digit' });

/** A unit of UCUM, case sensitive: `/min`, `Cel`, `mm[Hg]`, `%`, `mV`. */
export const UcumUnit = z
  .string()
  .regex(/^[!-~]{1,32}$/, { error: 'must be a UCUM unit in printable ASCII' });

/** One value at one moment. */
export const Observation = z.strictObject({
  at: DeviceTime,
  code: LoincCode,
  value: z.number(),
  unit: UcumUnit,
});
export type Observation = z.infer<typeof Observation>;

/** A block of equidistant samples: a physical value is `offset + scale * sample`. */
export const Waveform = z.strictObject({
  startsAt: DeviceTime,
  code: LoincCode,
  unit: UcumUnit,
  /** Samples a second. */
  hertz: z.number().positive().max(100_000),
  scale: z.number(),
  offset: z.number(),
  /** 16-bit signed integers, little-endian, in base64. */
  samples: z.base64().min(4).refine(isWholeSamples, { error: 'must be whole samples' }),
});
export type Waveform = z.infer<typeof Waveform>;

/**
 * What a device publishes: version 1.
 *
 * No patient is in it, and no field takes free text. Unknown fields are refused, so that nothing
 * travels unseen.
 */
export const SensorMessage = z.strictObject({
  version: z.literal(1),
  device: DeviceId,
  boot: BootId,
  /** 0 for the first message of a boot, then one more each; a message sent again keeps its number. */
  seq: z.int().min(0).max(2_147_483_647),
  /** The device's clock when it publishes, also where it had to keep the message for hours. */
  sentAt: DeviceTime,
  /** The boot before this one and how many messages it numbered, where the device knows: all of them are expected. */
  previous: z
    .strictObject({ boot: BootId, messages: z.int().min(0).max(2_147_483_648) })
    .optional(),
  observations: z.array(Observation).max(1_000),
  waveforms: z.array(Waveform).max(16),
});
export type SensorMessage = z.infer<typeof SensorMessage>;

/** Two bytes make a sample. */
function isWholeSamples(base64: string): boolean {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return ((base64.length / 4) * 3 - padding) % 2 === 0;
}

function hasRightCheckDigit(code: string): boolean {
  const [body = '', check = ''] = code.split('-');
  const sum = Array.from(body)
    .reverse()
    .reduce((total, digit, index) => {
      const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return (10 - (sum % 10)) % 10 === Number(check);
}
