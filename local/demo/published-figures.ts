import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const Check = z.looseObject({ rows: z.int() });
const Qc = z.looseObject({
  rows: z.int(),
  firstVisit: z.string(),
  lastVisit: z.string(),
  visitsPerPatient: z.strictObject({ min: z.int(), max: z.int() }),
  checks: z.looseObject({
    temperatureAboveCut: Check,
    saturationAtCap: Check,
    baseE: Check,
    dk: Check,
  }),
});

/** A figure that the study's authors published, and what the results say of it. */
export interface Figure {
  readonly name: string;
  readonly published: string;
  readonly found: string;
}

/** Reads from fetched results every figure that is known of the study "100 Johns". */
export async function readFigures(folder: string): Promise<Figure[]> {
  const qc = Qc.parse(JSON.parse(await readFile(join(folder, 'qc.json'), 'utf8')));
  const summary = await readSummary(join(folder, 'summary.csv'));
  const cell = (variable: string, column: string): string =>
    summary.get(variable)?.get(column) ?? '';
  const figure = (name: string, published: string, found: string | number): Figure => ({
    name,
    published,
    found: String(found),
  });
  return [
    figure('visits', '10000', qc.rows),
    figure('first visit', '1938-10-30', qc.firstVisit.slice(0, 10)),
    figure('last visit', '1979-11-12', qc.lastVisit.slice(0, 10)),
    figure('fewest visits of a patient', '81', qc.visitsPerPatient.min),
    figure('most visits of a patient', '123', qc.visitsPerPatient.max),
    figure('temperatures above 107 F', '6996', qc.checks.temperatureAboveCut.rows),
    figure('saturations at the 99.4 cap', '1038', qc.checks.saturationAtCap.rows),
    figure('BaseE = 1', '117', qc.checks.baseE.rows),
    figure('DK = 1', '951', qc.checks.dk.rows),
    figure('mean systolic', '115.2141', cell('systol', 'mean')),
    figure('mean diastolic', '74.8788', cell('diastol', 'mean')),
    figure('mean heart rate', '79.0639', cell('heart rate', 'mean')),
    figure('r(TPain, respiration)', '0.716559', cell('resp.rate', 'r')),
    figure('r(TPain, OSat)', '0.448882', cell('OSat', 'r')),
    figure('r(DK, temperature)', '-0.535918', cell('temp', 'r')),
  ];
}

/** Reads `summary.csv`: no cell of it is quoted. */
async function readSummary(path: string): Promise<Map<string, Map<string, string>>> {
  const [header = [], ...rows] = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  return new Map(
    rows.map((row) => [
      row[0] ?? '',
      new Map(header.map((name, column) => [name, row[column] ?? ''])),
    ]),
  );
}
