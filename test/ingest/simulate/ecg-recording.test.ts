import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LoincCode } from '../../../ingest/model/sensor-message.ts';
import { ecgBeats } from '../../../ingest/simulate/ecg-beats.ts';
import {
  ecgFormat,
  ecgSectionSeconds,
  ecgSha256,
  readEcgRecording,
} from '../../../ingest/simulate/ecg-recording.ts';

const recording = readEcgRecording();
const millivolts = Array.from(
  recording.samples,
  (sample) => ecgFormat.offset + ecgFormat.scale * sample,
);
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0) / numbers.length;

describe('the ECG recording', () => {
  it('is a minute of what its notice says it is', () => {
    const notice = readFileSync('ingest/simulate/signal/NOTICE.md', 'utf8');
    const middle = mean(millivolts);
    const deviation = Math.sqrt(mean(millivolts.map((value) => (value - middle) ** 2)));

    expect(millivolts).toHaveLength(60 * ecgFormat.hertz);
    expect(middle).toBeCloseTo(-0.16566, 5);
    expect(deviation).toBeCloseTo(0.54805, 5);
    expect(notice).toContain(ecgSha256);
    expect(notice).toContain('mean -0.16566, standard deviation 0.54805');
    expect(notice).toContain('Open Data Commons Attribution License v1.0');
  });

  it('is refused where one bit of it is another', () => {
    const folder = mkdtempSync(join(tmpdir(), 'czar-test-'));
    const bytes = readFileSync('ingest/simulate/signal/mitdb-208-mlii.int16le');
    bytes.writeUInt8(bytes.readUInt8(20_000) ^ 1, 20_000);
    writeFileSync(join(folder, 'ecg'), bytes);

    expect(() => readEcgRecording(pathToFileURL(join(folder, 'ecg')))).toThrow('is not the one');

    rmSync(folder, { recursive: true });
  });

  it('has 101 beats, each the highest of its surroundings and well above them', () => {
    const around = ecgBeats.map((beat) => ({
      peak: millivolts[beat]!,
      nearby: millivolts.slice(Math.max(0, beat - 36), beat + 37),
      wide: millivolts.slice(Math.max(0, beat - 180), beat + 181).sort((a, b) => a - b),
    }));

    expect(ecgBeats).toHaveLength(101);
    for (const { peak, nearby, wide } of around) {
      expect(peak).toBe(Math.max(...nearby));
      expect(peak - wide[Math.floor(wide.length / 2)]!).toBeGreaterThan(0.45);
    }
  });

  it('has no two beats nearer, and no two further apart, than a heart can', () => {
    const intervals = ecgBeats.slice(1).map((beat, index) => (beat - ecgBeats[index]!) / 360);

    expect(Math.min(...intervals)).toBeGreaterThan(0.4);
    expect(Math.max(...intervals)).toBeLessThan(1);
  });

  it('is cut into sections of ten seconds that no beat is cut in two by', () => {
    const length = ecgSectionSeconds * ecgFormat.hertz;
    const joined = Buffer.concat(
      recording.sections.map(({ samples }) => Buffer.from(samples, 'base64')),
    );

    expect(recording.sections.map(({ beats }) => beats)).toEqual([17, 17, 17, 16, 17, 17]);
    expect(joined).toEqual(Buffer.from(recording.samples.buffer));
    for (const beat of ecgBeats) {
      expect(Math.min(beat % length, length - (beat % length)) / 360).toBeGreaterThan(0.15);
    }
  });

  it('has a LOINC code whose check digit is right', () => {
    expect(LoincCode.safeParse(ecgFormat.code).success).toBe(true);
  });
});
