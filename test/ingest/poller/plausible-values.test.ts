import { describe, expect, it } from 'vitest';
import { isImpossible, isImpossibleWaveform } from '../../../ingest/poller/plausible-values.ts';

describe('a value', () => {
  it.each([
    ['8867-4', 0, '/min', false],
    ['8867-4', 351, '/min', true],
    ['8867-4', -1, '/min', true],
    ['8867-4', 60, 'Hz', true],
    ['8310-5', 36.6, 'Cel', false],
    ['8310-5', 98.6, 'Cel', true],
    ['59408-5', 100, '%', false],
    ['59408-5', 100.1, '%', true],
    ['8480-6', 120, 'mm[Hg]', false],
    ['8462-4', 400, 'mm[Hg]', true],
    ['9279-1', 200, '/min', true],
    // Nobody here knows what it can be.
    ['718-7', -1e9, 'g/dL', false],
  ])('of %s, %d %s, is impossible: %s', (code, value, unit, impossible) => {
    expect(isImpossible({ code, value, unit })).toBe(impossible);
  });
});

describe('a waveform', () => {
  const wave = (...samples: number[]) => {
    const bytes = Buffer.alloc(samples.length * 2);
    samples.forEach((sample, index) => bytes.writeInt16LE(sample, index * 2));
    return bytes.toString('base64');
  };
  const ecg = { code: '11524-6', unit: 'mV', scale: 0.01, offset: 0 };

  it('is judged by its least and its largest sample, as physical values', () => {
    expect(isImpossibleWaveform({ ...ecg, samples: wave(-500, 500) })).toBe(false);
    expect(isImpossibleWaveform({ ...ecg, samples: wave(0, -32_000) })).toBe(true);
    expect(isImpossibleWaveform({ ...ecg, offset: 400, samples: wave(0, 1) })).toBe(true);
  });

  it('of another unit than its code is impossible, and of an unknown code is not judged', () => {
    expect(isImpossibleWaveform({ ...ecg, unit: 'V', samples: wave(0) })).toBe(true);
    expect(isImpossibleWaveform({ ...ecg, code: '718-7', samples: wave(32_000) })).toBe(false);
  });
});
