import { bandpass } from './bandpass.ts';
import { findRPeaks } from './r-peaks.ts';

/** The time between two beats, and when the second was, in seconds from the block's first sample. */
export interface BeatInterval {
  endsAtSeconds: number;
  microseconds: number;
}

/**
 * What became of an ECG block. `JUDGED`: its intervals count. `RATE`: sampled below 80 Hz or above 4 kHz.
 * `SHORT`: less than 3 s. `FLAT`: nothing between 8 and 20 Hz. `NOISY`: no spikes stand out. `FEW_BEATS`: fewer than two.
 */
export type BlockVerdict = 'JUDGED' | 'RATE' | 'SHORT' | 'FLAT' | 'NOISY' | 'FEW_BEATS';

/** A verdict, the intervals that count, and how many do not because they are too short or long for one beat. */
export interface BlockJudgement {
  verdict: BlockVerdict;
  intervals: BeatInterval[];
  outside: number;
}

const rateRange = [80, 4_000] as const;
const fewestSeconds = 3;
/** 20 to 200 beats a minute. */
const intervalRange = [300_000, 3_000_000] as const;

/**
 * Below it a signal is not taken for an ECG: the kurtosis of Gaussian noise is 3, that of a sine 1.5.
 *
 * @see Li, Mark, Clifford: Robust heart rate estimation from multiple asynchronous noisy sources, Physiol. Meas. 29 (2008)
 */
const leastKurtosis = 5;

/**
 * Finds the intervals between the beats of one ECG block, on its own.
 *
 * The scale of the samples does not matter, nor does the polarity of the lead.
 */
export function judgeBlock(samples: Float64Array, hertz: number): BlockJudgement {
  const none = (verdict: BlockVerdict): BlockJudgement => ({ verdict, intervals: [], outside: 0 });
  if (hertz < rateRange[0] || hertz > rateRange[1]) return none('RATE');
  if (samples.length < fewestSeconds * hertz) return none('SHORT');

  const filtered = bandpass(samples, hertz);
  const shape = kurtosis(filtered);
  if (shape === undefined) return none('FLAT');
  if (shape < leastKurtosis) return none('NOISY');

  const peaks = findRPeaks(filtered, hertz);
  const all = peaks.slice(1).map((peak, index) => ({
    endsAtSeconds: peak / hertz,
    microseconds: Math.round(((peak - (peaks[index] ?? 0)) * 1_000_000) / hertz),
  }));
  if (all.length === 0) return none('FEW_BEATS');
  const intervals = all.filter(
    ({ microseconds }) => microseconds >= intervalRange[0] && microseconds <= intervalRange[1],
  );
  return { verdict: 'JUDGED', intervals, outside: all.length - intervals.length };
}

/** Of a signal without offset; nothing where it is less than a hundredth of a sample's step. */
function kurtosis(values: Float64Array): number | undefined {
  let squares = 0;
  let fourths = 0;
  for (const value of values) {
    const square = value * value;
    squares += square;
    fourths += square * square;
  }
  if (squares < 1e-4 * values.length) return undefined;
  return (values.length * fourths) / (squares * squares);
}
