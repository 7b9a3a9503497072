import { bootIdLength, deviceIdLength, subjectCodeLength } from '../../../ingest/model/codes.ts';
import type { SensorRecord } from '../../../ingest/model/sensor-object.ts';
import { ecgFormat } from '../../../ingest/simulate/ecg-recording.ts';
import { mintCode } from '../../../workflow/model/code.ts';

/** The day that the objects are of, and its first moment. */
export const day = '2026-05-04';
const dayStart = Date.parse(`${day}T00:00:00.000Z`);

/** The same code for the same number. */
const fixed = (length: number, number: number): string => mintCode(length, () => number);

/** Two subjects in the order of their codes, two devices, and two boots. */
export const subjects = [fixed(subjectCodeLength, 1), fixed(subjectCodeLength, 2)] as const;
export const devices = [fixed(deviceIdLength, 3), fixed(deviceIdLength, 4)] as const;
export const boots = [fixed(bootIdLength, 5), fixed(bootIdLength, 6)] as const;

type Observation = SensorRecord['observations'][number];
type Waveform = SensorRecord['waveforms'][number];

/** A time of the day such as `10:15` or `10:15:30.500`, as sensors write it. */
export function at(time: string): string {
  const [hours = '0', minutes = '0', seconds = '0'] = time.split(':');
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000 + Math.round(Number(seconds) * 1000);
  return new Date(dayStart + ms).toISOString();
}

/** An observation, a heart rate of 80 unless told. Its corrected time is its own. */
export function observation(time: string, changes: Partial<Observation> = {}): Observation {
  return {
    at: at(time),
    code: '8867-4',
    value: 80,
    unit: '/min',
    subject: subjects[0],
    correctedAt: at(time),
    flags: [],
    ...changes,
  };
}

/** A block of an ECG with these samples. */
export function ecgBlock(
  time: string,
  samples: Int16Array,
  changes: Partial<Waveform> = {},
): Waveform {
  const { code, unit, hertz, scale, offset } = ecgFormat;
  return {
    startsAt: at(time),
    code,
    unit,
    hertz,
    scale,
    offset,
    samples: Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64'),
    subject: subjects[0],
    correctedAt: at(time),
    flags: [],
    ...changes,
  };
}

/** A record of the first device, sent and received at a time. */
export function record(
  time: string,
  seq: number,
  changes: Partial<SensorRecord> = {},
): SensorRecord {
  return {
    device: devices[0],
    boot: boots[0],
    seq,
    sentAt: at(time),
    receivedAt: at(time),
    correctionMs: 0,
    observations: [],
    waveforms: [],
    ...changes,
  };
}

/** The object of these records, line by line as the poller writes it. */
export function sensorObject(records: readonly SensorRecord[], header: object = {}): string {
  const first = {
    version: 1,
    kind: 'sensor-object',
    study: 'czarhipaa',
    day,
    records: records.length,
    ...header,
  };
  return [first, ...records].map((line) => `${JSON.stringify(line)}\n`).join('');
}
