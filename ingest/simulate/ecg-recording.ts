import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ecgBeats } from './ecg-beats.ts';

/** What a receiver must know of the samples; a physical value is `offset + scale * sample`. */
export const ecgFormat = {
  /**
   * "EKG study". LOINC has codes for what is read off a lead (10012-3, R wave amplitude in lead I), none
   * for a lead's samples: FHIR, too, gives a sampled ECG 11524-6, and its lead in a code of IEEE 11073
   * (131330, lead II), which this message has no place for. 8601-7, sometimes seen, is an ECG's impression.
   */
  code: '11524-6',
  unit: 'mV',
  hertz: 360,
  /** The database's own: 200 units to the millivolt, 1024 is zero. */
  scale: 0.005,
  offset: -5.12,
} as const;

/** SHA-256 of the samples: whoever changes a byte of a real recording is told. */
export const ecgSha256 = 'b32d7908482eed1c351937841b16102554b6d467343eb0564ff256cde72407aa';

/** Seconds of a block, of which the recording has six. */
export const ecgSectionSeconds = 10;

/** Ten seconds of the recording, as they go into a message. */
export interface EcgSection {
  /** 3,600 samples in base64: 9,600 letters. */
  readonly samples: string;
  /** How often the heart beats in it, premature beats included. */
  readonly beats: number;
}

/** A minute of a real ECG: MIT-BIH record 208, of which signal/NOTICE.md tells the source and the licence. */
export interface EcgRecording {
  readonly samples: Int16Array;
  /** One after the other: the next begins where one ends, and the first follows on the last by a leap. */
  readonly sections: readonly EcgSection[];
}

/**
 * Reads the recording.
 *
 * @throws Error where it is not byte for byte the one that the notice describes.
 */
export function readEcgRecording(
  file: URL = new URL('./signal/mitdb-208-mlii.int16le', import.meta.url),
): EcgRecording {
  const bytes = readFileSync(file);
  if (createHash('sha256').update(bytes).digest('hex') !== ecgSha256) {
    throw new Error('the ECG recording is not the one that its notice describes');
  }
  const samples = Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
  const length = ecgSectionSeconds * ecgFormat.hertz;
  const sections = Array.from({ length: samples.length / length }, (_, section) => {
    const from = section * length;
    return {
      samples: bytes.subarray(2 * from, 2 * (from + length)).toString('base64'),
      beats: ecgBeats.filter((beat) => beat >= from && beat < from + length).length,
    };
  });
  return { samples, sections };
}
