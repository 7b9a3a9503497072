import { describe, expect, it } from 'vitest';
import { ecgBeats } from '../../../ingest/simulate/ecg-beats.ts';
import { ecgFormat, readEcgRecording } from '../../../ingest/simulate/ecg-recording.ts';
import { bandpass } from '../../../pipelines/vitals-stream/ecg/bandpass.ts';
import { judgeBlock } from '../../../pipelines/vitals-stream/ecg/judge-block.ts';
import { findRPeaks } from '../../../pipelines/vitals-stream/ecg/r-peaks.ts';

const { hertz } = ecgFormat;
const ecg = Float64Array.from(readEcgRecording().samples);
const blockSamples = 10 * hertz;

/** The tolerance: the highest sample of a premature ventricular beat is far from its steepest one. */
const tolerance = 0.1 * hertz;

/** What is found of the known beats in a block that begins with this sample. */
function compare(start: number): { known: number; missed: number[]; invented: number[] } {
  const peaks = findRPeaks(bandpass(ecg.slice(start, start + blockSamples), hertz), hertz);
  const known = ecgBeats
    .filter((beat) => beat >= start && beat < start + blockSamples)
    .map((beat) => beat - start);
  const isNear = (left: number) => (right: number) => Math.abs(left - right) <= tolerance;
  const all = ecgBeats.map((beat) => beat - start);
  return {
    known: known.length,
    missed: known.filter((beat) => !peaks.some(isNear(beat))),
    invented: peaks.filter((peak) => !all.some(isNear(peak))),
  };
}

/** Every n-th sample: the same ECG at a lower rate. */
function thinned(samples: Float64Array, every: number): Float64Array {
  return samples.filter((_, index) => index % every === 0);
}

function wave(seconds: number, valueAt: (second: number) => number): Float64Array {
  return Float64Array.from({ length: seconds * hertz }, (_, i) => Math.round(valueAt(i / hertz)));
}

/** Gaussian noise (Box and Muller) from a generator with a fixed seed. */
function noise(seconds: number): Float64Array {
  let state = 12_345;
  const next = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state + 1) / 2_147_483_649;
  };
  return wave(
    seconds,
    () => 100 * Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** Noise of 0.075 of the height of the R waves of {@link beating}. */
const soft = noise(10).map((value) => value * 0.15);

/** Ten seconds of P waves, QRS complexes and T waves as bells; the R wave is 200 high. */
function beating(perMinute: number): Float64Array {
  const bells = [
    { height: 25, after: -0.16, width: 0.025 },
    { height: 200, after: 0, width: 0.012 },
    { height: -40, after: 0.03, width: 0.012 },
    { height: 40, after: 0.25, width: 0.05 },
  ];
  const beats = Array.from({ length: perMinute }, (_, i) => 0.4 + (i * 60) / perMinute);
  return wave(10, (second) =>
    beats
      .filter((beat) => beat < 10)
      .flatMap((beat) =>
        bells.map(({ height, after, width }) => {
          const distance = (second - beat - after) / width;
          return height * Math.exp(-distance * distance);
        }),
      )
      .reduce((sum, value) => sum + value, 0),
  );
}

function ratePerMinute(samples: Float64Array): number {
  const { intervals } = judgeBlock(samples, hertz);
  const total = intervals.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return Math.round((60_000_000 * intervals.length) / total);
}

describe('the R peaks of a real ECG', () => {
  it('are all 101 known beats within 100 ms, and nothing else, in its six blocks', () => {
    const found = [0, 1, 2, 3, 4, 5].map((block) => compare(block * blockSamples));

    expect(found.map(({ known }) => known)).toEqual([17, 17, 17, 16, 17, 17]);
    expect(found.flatMap(({ missed }) => missed)).toEqual([]);
    expect(found.flatMap(({ invented }) => invented)).toEqual([]);
  });

  it('are, wherever the blocks are cut, all but what lies within 0.15 s of a cut', () => {
    const border = 0.15 * hertz;
    for (let start = 0; start + blockSamples <= ecg.length; start += 97) {
      const { missed, invented } = compare(start);

      expect(missed.filter((at) => at > border && at < blockSamples - border)).toEqual([]);
      expect(invented).toEqual([]);
    }
  });

  it('leave out a beat whose complex the border cuts', () => {
    const [firstBeat = 0] = ecgBeats;

    expect(compare(firstBeat - 17).missed).toEqual([17]);
  });
});

describe('judgeBlock of known beats', () => {
  it.each([25, 30, 40, 60, 75, 100, 150, 195])('finds %d a minute', (perMinute) => {
    expect(ratePerMinute(beating(perMinute))).toBe(perMinute);
  });

  it.each([25, 30, 40, 60, 150])(
    'finds %d a minute in noise of 0.075 of the R waves',
    (perMinute) => {
      const noisy = beating(perMinute).map((value, i) => value + (soft[i] ?? 0));

      expect(ratePerMinute(noisy)).toBe(perMinute);
    },
  );

  it('finds the beats between two artefacts of five times their height', () => {
    const disturbed = beating(60).map((value, i) =>
      i === 2 * hertz || i === 7 * hertz ? 1_000 : value,
    );

    // Two artefacts between beats add two intervals to the nine.
    expect(judgeBlock(disturbed, hertz).intervals).toHaveLength(11);
  });
});

describe('judgeBlock', () => {
  it('gives the times between neighbours, and when each ends', () => {
    const { verdict, intervals, outside } = judgeBlock(ecg.slice(0, blockSamples), hertz);

    const total = intervals.reduce((sum, { microseconds }) => sum + microseconds, 0);
    const [first, last] = [ecgBeats[0] ?? 0, ecgBeats[16] ?? 0];
    expect({ verdict, intervals: intervals.length, outside }).toEqual({
      verdict: 'JUDGED',
      intervals: 16,
      outside: 0,
    });
    expect(Math.abs(total / 1e6 - (last - first) / hertz)).toBeLessThan(0.1);
    expect(intervals.at(-1)?.endsAtSeconds).toBeCloseTo(last / hertz, 0);
  });

  it.each([
    ['upside down', (samples: Float64Array) => samples.map((value) => -value), hertz],
    ['ten times as high', (samples: Float64Array) => samples.map((value) => 10 * value), hertz],
    ['on another base line', (samples: Float64Array) => samples.map((v) => v + 9_000), hertz],
    ['at a third of the rate', (samples: Float64Array) => thinned(samples, 3), hertz / 3],
  ])('counts the same beats of an ECG %s', (_, change, rate) => {
    const { verdict, intervals } = judgeBlock(change(ecg.slice(0, blockSamples)), rate);

    expect({ verdict, intervals: intervals.length }).toEqual({ verdict: 'JUDGED', intervals: 16 });
  });

  it.each([
    ['a rate below 80 Hz', ecg.slice(0, 3_600), 79, 'RATE'],
    ['a rate above 4 kHz', ecg, 4_001, 'RATE'],
    ['less than three seconds', ecg.slice(0, 3 * hertz - 1), hertz, 'SHORT'],
    ['a line', wave(10, () => 512), hertz, 'FLAT'],
    ['a sine of 10 Hz', wave(10, (second) => 300 * Math.sin(62.8 * second)), hertz, 'NOISY'],
    ['noise', noise(10), hertz, 'NOISY'],
    ['one spike', wave(10, (s) => (Math.abs(s - 5) < 0.02 ? 900 : 0)), hertz, 'FEW_BEATS'],
  ])('takes no interval of %s', (_, samples, rate, verdict) => {
    expect(judgeBlock(samples, rate)).toEqual({ verdict, intervals: [], outside: 0 });
  });

  it('does not count an interval that is too long for one beat', () => {
    const spikes = wave(10, (s) => ([1, 2, 8, 9].some((at) => Math.abs(s - at) < 0.02) ? 900 : 0));

    const { verdict, intervals, outside } = judgeBlock(spikes, hertz);

    expect({ verdict, intervals: intervals.length, outside }).toEqual({
      verdict: 'JUDGED',
      intervals: 2,
      outside: 1,
    });
  });
});
