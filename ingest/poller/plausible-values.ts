import type { Observation, Waveform } from '../model/sensor-message.ts';

/** What the quantity of a LOINC code can be in a living person, in its unit. */
interface Plausible {
  readonly unit: string;
  readonly least: number;
  readonly most: number;
}

/**
 * Bounds of what is possible, not of what is well: a value beyond them is a fault of the sensor.
 *
 * Wide on purpose, because a flagged value counts in no summary. Codes that are not here are not judged.
 */
const plausible = new Map<string, Plausible>([
  // Heart rate. 0 is asystole, and a fact; above 350 no ventricle fills, and what was counted is noise.
  ['8867-4', { unit: '/min', least: 0, most: 350 }],
  // Respiratory rate. 0 is apnoea; newborns in distress reach 120.
  ['9279-1', { unit: '/min', least: 0, most: 150 }],
  // Body temperature. Lowest survived 11.8 (Mroczek 2020, a child), highest 46.5 (Slovis 1982).
  ['8310-5', { unit: 'Cel', least: 10, most: 47 }],
  // Oxygen saturation by pulse oximetry and in arterial blood: a share.
  ['59408-5', { unit: '%', least: 0, most: 100 }],
  ['2708-6', { unit: '%', least: 0, most: 100 }],
  // Blood pressure. Highest measured in an artery 480/350, under weights (MacDougall 1985).
  ['8480-6', { unit: 'mm[Hg]', least: 0, most: 500 }],
  ['8462-4', { unit: 'mm[Hg]', least: 0, most: 380 }],
  ['8478-0', { unit: 'mm[Hg]', least: 0, most: 420 }],
  // Glucose in blood. Survived: 2656 mg/dL (Guinness, 2008).
  ['2339-0', { unit: 'mg/dL', least: 0, most: 3_000 }],
  // ECG. The skin has some 5 mV of the heart; amplifiers take 300 mV of the electrodes' own besides
  // (IEC 60601-2-25), and what is beyond is a loose one.
  ['11524-6', { unit: 'mV', least: -310, most: 310 }],
]);

/** Says whether a value cannot be, or has another unit than its code. */
export function isImpossible({ code, value, unit }: Omit<Observation, 'at'>): boolean {
  const range = plausible.get(code);
  if (range === undefined) return false;
  return unit !== range.unit || value < range.least || value > range.most;
}

/** Says whether some sample of a block cannot be, or the block has another unit than its code. */
export function isImpossibleWaveform(waveform: Omit<Waveform, 'startsAt' | 'hertz'>): boolean {
  const { code, unit, scale, offset } = waveform;
  if (!plausible.has(code)) return false;
  const samples = Buffer.from(waveform.samples, 'base64');
  let least = Infinity;
  let most = -Infinity;
  for (let at = 0; at + 1 < samples.length; at += 2) {
    const sample = samples.readInt16LE(at);
    if (sample < least) least = sample;
    if (sample > most) most = sample;
  }
  return [least, most].some((sample) =>
    isImpossible({ code, unit, value: offset + scale * sample }),
  );
}
