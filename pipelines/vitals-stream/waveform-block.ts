import { minuteOf } from './minutes.ts';

/** A waveform as a sensor record has it. */
export interface WaveformBlock {
  code: string;
  hertz: number;
  samples: string;
  correctedAt: string;
}

/** Longer blocks than a day are of no use: 16-bit samples at such a rate are no waveform. */
const longestMs = 24 * 60 * 60 * 1000;

/**
 * "EKG study", the code of FHIR's example of a sampled ECG. LOINC has none for the samples of a single lead.
 */
const ecgCode = '11524-6';

/** Says whether a waveform is a lead of an ECG: by its code. In what unit does not matter. */
export function isEcg({ code }: WaveformBlock): boolean {
  return code === ecgCode;
}

/** The samples of a block as they were sent, without scale and offset. The schema saw to it that they are whole. */
export function decodeSamples({ samples }: WaveformBlock): Float64Array {
  const bytes = Buffer.from(samples, 'base64');
  const decoded = new Float64Array(bytes.length / 2);
  for (let i = 0; i < decoded.length; i++) decoded[i] = bytes.readInt16LE(2 * i);
  return decoded;
}

/**
 * The first and the last minute of a block, and all between them have data.
 *
 * Nothing where it lasts longer than a day.
 */
export function minutesOf(
  { correctedAt, hertz }: WaveformBlock,
  samples: number,
): { first: number; last: number } | undefined {
  const startMs = Date.parse(correctedAt);
  const lengthMs = ((samples - 1) * 1000) / hertz;
  if (lengthMs > longestMs) return undefined;
  return { first: minuteOf(startMs), last: minuteOf(startMs + lengthMs) };
}
