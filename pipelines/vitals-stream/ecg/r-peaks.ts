/*
 * Two moving averages: M. Elgendi, "Fast QRS Detection with an Optimized Knowledge-Based Method:
 * Evaluation on 11 Standard ECG Databases", PLoS ONE 8(9): e73557, 2013. It learns nothing from beat to
 * beat, so that a block can be judged on its own, which the adaptive thresholds of Pan and Tompkins
 * (1985), after two seconds of learning, do less well.
 */

/** Seconds of a QRS complex and of a whole beat, and the share of the mean energy, as published. */
const qrsSeconds = 0.097;
const beatSeconds = 0.611;
const offsetShare = 0.08;

/** Seconds in which a heart does not beat twice: of two peaks that are closer, the weaker one goes. */
const refractorySeconds = 0.3;

/**
 * Of the amplitude of the third highest peak of the block: a lower one is noise between beats. The rule is
 * not Elgendi's, whose 611 ms hold no beat at all where a heart beats slowly. Two artefacts may be higher.
 */
const leastAmplitude = 0.2;

/**
 * The R peaks of a block that {@link bandpass} filtered: indices of samples, rising.
 *
 * A complex that the block's border cuts is left out.
 */
export function findRPeaks(filtered: Float64Array, hertz: number): number[] {
  const energy = filtered.map((value) => value * value);
  const qrs = movingMean(energy, Math.round(qrsSeconds * hertz));
  const beat = movingMean(energy, Math.round(beatSeconds * hertz));
  const offset = offsetShare * (energy.reduce((sum, value) => sum + value, 0) / energy.length);
  const isHigh = (i: number): boolean => (qrs[i] ?? 0) > (beat[i] ?? 0) + offset;

  const peaks: number[] = [];
  for (let start = 0; start < energy.length; start++) {
    if (!isHigh(start)) continue;
    let end = start + 1;
    while (end < energy.length && isHigh(end)) end++;
    const isWhole = start > 0 && end < energy.length;
    if (isWhole && end - start >= Math.round(qrsSeconds * hertz)) {
      keepStronger(peaks, highest(energy, start, end), energy, refractorySeconds * hertz);
    }
    start = end;
  }
  return withoutLow(peaks, energy);
}

function withoutLow(peaks: readonly number[], energy: Float64Array): number[] {
  const heights = peaks.map((peak) => energy[peak] ?? 0).sort((left, right) => right - left);
  const least = leastAmplitude ** 2 * (heights[2] ?? 0);
  return peaks.filter((peak) => (energy[peak] ?? 0) >= least);
}

function keepStronger(peaks: number[], peak: number, energy: Float64Array, apart: number): void {
  const last = peaks.at(-1);
  if (last === undefined || peak - last >= apart) peaks.push(peak);
  else if ((energy[peak] ?? 0) > (energy[last] ?? 0)) peaks[peaks.length - 1] = peak;
}

function highest(values: Float64Array, start: number, end: number): number {
  let best = start;
  for (let i = start; i < end; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}

/** Means over a window around each sample; at the borders over what there is of it. */
function movingMean(values: Float64Array, width: number): Float64Array {
  const before = Math.floor(width / 2);
  const after = width - before;
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = (sums[i] ?? 0) + (values[i] ?? 0);
  return values.map((_, i) => {
    const from = Math.max(0, i - before);
    const to = Math.min(values.length, i + after);
    return ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from);
  });
}
