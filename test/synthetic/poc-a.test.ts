import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generatePocA, pocACanaries, pocATimeseriesHeader } from '../../synthetic/poc-a.ts';
import { writePocA } from '../../synthetic/write-poc-a.ts';

const DIGESTS = {
  patients: 'aee5930f53860281731164d52eef78f4a422affbccc008d7bbe313b743c027b2',
  timeseries: '2f1feeff302a4563545e52b33f90bc0d98bde14131189899c6210079613bd14f',
  patientParameters: '5d1ce0e0a6b1aaf10f2fd9d6d2423c618023480f8eb961c78bcebb1a856ac299',
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'poc-a-'));
});

afterEach(() => rm(directory, { recursive: true }));

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

describe('generatePocA', () => {
  it('gives the study of 2017 byte for byte', () => {
    const study = generatePocA();

    const patients = [...study.patients].join('');
    const timeseries = [...study.timeseries].join('');
    const patientParameters = [...study.patientParameters].join('');

    expect({
      patients: sha256(patients),
      timeseries: sha256(timeseries),
      patientParameters: sha256(patientParameters),
    }).toEqual(DIGESTS);
  });

  it('refuses the final sums before the visits were read to their end', () => {
    const study = generatePocA();
    const visits = study.timeseries[Symbol.iterator]();
    visits.next();
    visits.next();

    expect(() => [...study.patientParameters]).toThrow(/read timeseries to its end first/);
  });

  it('holds each canary in the patients and none in the visits', () => {
    const study = generatePocA();

    const patients = [...study.patients].join('');
    const timeseries = [...study.timeseries].join('');

    expect(pocACanaries).toEqual(['Bigboote', 'Smallberries', 'Whorfin']);
    expect(pocACanaries.filter((name) => patients.includes(name))).toEqual(pocACanaries);
    expect(pocACanaries.filter((name) => timeseries.includes(name))).toEqual([]);
  });
});

describe('writePocA', () => {
  it('writes the three files and says what they hold', async () => {
    const files = await writePocA(directory);

    const digests = await Promise.all(
      files.map(async ({ table, path }) => [table, sha256(await readFile(path))] as const),
    );
    expect(Object.fromEntries(digests)).toEqual(DIGESTS);
    expect(files.map(({ name, rows, bytes }) => [name, rows, bytes])).toEqual([
      ['patients.csv', 100, 4368],
      ['timeseries.csv', 10_000, 1_394_512],
      ['patientParameters.csv', 100, 10_495],
    ]);
  });

  it.each([1, 12, 120])(
    'splits the visits into %i files that together are the one file',
    async (split) => {
      const files = await writePocA(directory, { split });

      const parts = files.filter(({ table }) => table === 'timeseries');
      const texts = await Promise.all(parts.map(({ path }) => readFile(path, 'utf8')));
      const header = `${pocATimeseriesHeader}\r\n`;
      expect(parts).toHaveLength(split);
      expect(texts.every((text) => text.startsWith(header))).toBe(true);
      expect(sha256(header + texts.map((text) => text.slice(header.length)).join(''))).toBe(
        DIGESTS.timeseries,
      );
      const rows = parts.map((part) => part.rows);
      expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(1);
    },
  );

  it('names the files after no person and no date', async () => {
    const files = await writePocA(directory, { split: 120 });

    const names = files.map(({ name }) => name);
    expect(
      names.filter((name) => !/^(visits-\d{2,3}|patients|patientParameters)\.csv$/.test(name)),
    ).toEqual([]);
    expect(new Set(names).size).toBe(122);
  });

  it.each([0, 1.5, -1, 10_001, Number.NaN])('refuses a split into %s files', async (split) => {
    await expect(writePocA(directory, { split })).rejects.toThrow(
      'split must be a whole number from 1 to 10000.',
    );
  });
});
