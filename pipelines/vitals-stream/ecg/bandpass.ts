/** Coefficients of a second-order section, `a0` being 1. */
interface Section {
  b: readonly [number, number, number];
  a: readonly [number, number];
}

/** Hertz between which the energy of a QRS complex lies apart from that of P and T waves and of muscles. */
const passBand = { low: 8, high: 20 };

/** Seconds that a block is continued by at both ends, so that filters settle outside of it. */
const padSeconds = 0.5;

/**
 * The samples between 8 and 20 Hz, without a shift in time.
 *
 * Butterworth sections of second order, forward and backward. The block is continued by its
 * point reflection at both ends.
 */
export function bandpass(samples: Float64Array, hertz: number): Float64Array {
  const pad = Math.min(Math.round(padSeconds * hertz), samples.length - 1);
  const padded = reflect(samples, pad);
  for (const section of [highPass(passBand.low, hertz), lowPass(passBand.high, hertz)]) {
    apply(section, padded);
    padded.reverse();
    apply(section, padded);
    padded.reverse();
  }
  return padded.subarray(pad, pad + samples.length);
}

function reflect(samples: Float64Array, pad: number): Float64Array {
  const first = samples[0] ?? 0;
  const last = samples.at(-1) ?? 0;
  const padded = new Float64Array(samples.length + 2 * pad);
  // The first sample is taken off everywhere: the filter starts at rest.
  const origin = 2 * first - (samples[pad] ?? 0);
  for (let i = 0; i < pad; i++) {
    padded[i] = 2 * first - (samples[pad - i] ?? 0) - origin;
    padded[pad + samples.length + i] = 2 * last - (samples[samples.length - 2 - i] ?? 0) - origin;
  }
  for (let i = 0; i < samples.length; i++) padded[pad + i] = (samples[i] ?? 0) - origin;
  return padded;
}

function apply({ b, a }: Section, samples: Float64Array): void {
  let first = 0;
  let second = 0;
  for (let i = 0; i < samples.length; i++) {
    const input = samples[i] ?? 0;
    const output = b[0] * input + first;
    first = b[1] * input - a[0] * output + second;
    second = b[2] * input - a[1] * output;
    samples[i] = output;
  }
}

function lowPass(cut: number, hertz: number): Section {
  const k = Math.tan((Math.PI * cut) / hertz);
  const norm = 1 / (1 + Math.SQRT2 * k + k * k);
  const b = k * k * norm;
  return { b: [b, 2 * b, b], a: [2 * (k * k - 1) * norm, (1 - Math.SQRT2 * k + k * k) * norm] };
}

function highPass(cut: number, hertz: number): Section {
  const k = Math.tan((Math.PI * cut) / hertz);
  const norm = 1 / (1 + Math.SQRT2 * k + k * k);
  return {
    b: [norm, -2 * norm, norm],
    a: [2 * (k * k - 1) * norm, (1 - Math.SQRT2 * k + k * k) * norm],
  };
}
