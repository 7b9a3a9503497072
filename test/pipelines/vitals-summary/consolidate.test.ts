import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCode } from '../../../pipelines/contract.ts';
import { withEngine } from '../../../pipelines/engine.ts';
import { partialFileName, writePartial } from '../../../pipelines/vitals-summary/partial.ts';
import { loadVisits } from '../../../pipelines/vitals-summary/visits-table.ts';
import { generatePocA, pocACanaries } from '../../../synthetic/poc-a.ts';
import { PipelineBench, numbered, rowsOf, textOf, type Outcome } from '../run-pipeline.ts';
import { splitPocA, visitsCsv } from '../visits-csv.ts';

let bench: PipelineBench;
/** POC A as one object. */
let whole: Outcome;

beforeAll(async () => {
  bench = await PipelineBench.open('vitals-summary');
  whole = await bench.runStudy(splitPocA(1));
});

afterAll(() => bench.close());

function summary(outcome: Outcome, variable: string): Record<string, string> {
  return rowsOf(textOf(outcome, 'summary.csv')).find((row) => row.variable === variable) ?? {};
}

describe('vitals-summary on POC A', () => {
  it('writes the declared result files, and no other', () => {
    expect(whole).toMatchObject({ exitCode: exitCode.done, printed: '', left: [] });
    expect([...whole.files.keys()].sort()).toEqual([...bench.pipeline.contract.resultFiles].sort());
  });

  it('finds when the visits were', () => {
    expect(summary(whole, 'date')).toMatchObject({
      n: '10000',
      min: '1938-10-30 00:00:00',
      max: '1979-11-12 00:00:00',
    });
  });

  it.each([
    ['systol', '115.2141'],
    ['diastol', '74.8788'],
    ['heart rate', '79.0639'],
  ])('finds that the mean of %s is %s', (variable, mean) => {
    expect(summary(whole, variable)).toMatchObject({ n: '10000', mean });
  });

  it.each([
    ['resp.rate', 'TPain', '0.716559'],
    ['OSat', 'TPain', '0.448882'],
    ['temp', 'DK', '-0.535918'],
  ])('finds that the correlation of %s with %s is %s', (variable, r_with, r) => {
    expect(summary(whole, variable)).toMatchObject({ r_with, r });
  });

  it('finds what is wrong with the study', () => {
    const report: unknown = JSON.parse(textOf(whole, 'qc.json'));

    expect(report).toMatchObject({
      pipeline: 'vitals-summary',
      rows: 10_000,
      patients: 100,
      firstVisit: '1938-10-30 00:00:00',
      lastVisit: '1979-11-12 00:00:00',
      visitsPerPatient: { min: 81, max: 123 },
      checks: {
        temperatureAboveCut: { rows: 6996, percent: 69.96 },
        saturationAtCap: { rows: 1038, percent: 10.38 },
        duplicateVisits: { rows: 0, percent: 0 },
        baseE: { rows: 117 },
        dk: { rows: 951 },
      },
      patientsTable: null,
    });
  });

  it('agrees with a plain computation per patient', () => {
    const rows = [...generatePocA().timeseries].slice(1).map((line) => line.trimEnd().split(','));
    const ofSeven = rows.filter(([, id]) => id === '7');
    const mean = (column: number): string =>
      (ofSeven.reduce((sum, row) => sum + Number(row[column]), 0) / ofSeven.length).toFixed(4);

    const table = rowsOf(textOf(whole, 'by-patient.csv'));

    expect(table.map(({ ID }) => Number(ID))).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(table[7]).toEqual({
      ID: '7',
      visits: String(ofSeven.length),
      'first visit': ofSeven[0]![0],
      'last visit': ofSeven.at(-1)![0],
      'mean systol': mean(2),
      'mean diastol': mean(3),
      'mean resp.rate': mean(4),
      'mean heart rate': mean(5),
      'mean OSat': mean(6),
      'mean temp': mean(7),
      'mean weight': mean(8),
    });
  });

  it('gives the same bytes however the study is split and in whatever order it is merged', async () => {
    const outputs = await bench.processAll(splitPocA(12));
    const twelve = await bench.consolidate(numbered(outputs));
    const reversed = await bench.consolidate(numbered(outputs.reverse()));
    const shuffled = await bench.runStudy(shuffledPocA(3));

    expect(twelve.files).toEqual(whole.files);
    expect(reversed.files).toEqual(whole.files);
    expect(shuffled.files).toEqual(whole.files);
  }, 60_000);

  it('gives the same bytes from 120 objects', async () => {
    const outputs = await processInThisProcess(splitPocA(120));

    const outcome = await bench.consolidate(numbered(outputs));

    expect(outcome.files).toEqual(whole.files);
  }, 60_000);

  it('gives another standard deviation where one temperature differs by ten degrees', async () => {
    const [only = ''] = splitPocA(1);

    const outcome = await bench.runStudy([only.replace('105.77782131975984', '95.77782131975984')]);

    expect(summary(outcome, 'temp').mean).not.toBe(summary(whole, 'temp').mean);
    expect(outcome.files).not.toEqual(whole.files);
  });
});

describe('vitals-summary on other studies', () => {
  it('counts duplicate visits within an object and across objects', async () => {
    const outcome = await bench.runStudy([
      visitsCsv({ ID: 1 }, { ID: 1 }, { ID: 2 }),
      visitsCsv({ ID: 1 }, { ID: 2, date: '1950-01-01 00:00:01' }),
      visitsCsv({ ID: 3 }),
    ]);

    expect(JSON.parse(textOf(outcome, 'qc.json'))).toMatchObject({
      rows: 6,
      patients: 3,
      checks: { duplicateVisits: { rows: 2, percent: 33.33 } },
    });
  });

  it('counts a temperature at the cut as plausible and the next nine-decimal value as not', async () => {
    const outcome = await bench.runStudy([
      visitsCsv({ temp: '107.0' }, { temp: '107.000000001' }, { temp: '107.0000000001' }),
    ]);

    expect(JSON.parse(textOf(outcome, 'qc.json'))).toMatchObject({
      checks: { temperatureAboveCut: { rows: 1 } },
    });
    const plot = textOf(outcome, 'temperature-distribution.svg');
    expect(plot).toContain('>2 visits (66.7 %)<');
    expect(plot).toContain('>1 visits (33.3 %)<');
  });

  it('leaves out what a single visit cannot have', async () => {
    const outcome = await bench.runStudy([visitsCsv({})]);

    expect(outcome.exitCode).toBe(exitCode.done);
    expect(summary(outcome, 'resp.rate')).toMatchObject({ mean: '16.0000', sd: '', r: '' });
  });

  it('says how the patients table and the visits fit together, and names nobody', async () => {
    const patients = [...generatePocA().patients].join('');
    const visits = visitsCsv({ ID: 7 }, { ID: 12 }, { ID: 100 }, { ID: 100 });

    const outcome = await bench.runStudy([visits, patients]);

    expect(JSON.parse(textOf(outcome, 'qc.json'))).toMatchObject({
      rows: 4,
      patientsTable: {
        patients: 100,
        patientsWithoutVisits: 98,
        unlistedPatientsWithVisits: 1,
        visitsOfUnlistedPatients: 2,
      },
    });
    const results = [...outcome.files.values()].join('\n');
    expect(pocACanaries.filter((name) => results.includes(name))).toEqual([]);
  });

  it.each([
    ['no object at all', new Map<string, Outcome['files']>(), 'NO_PARTIALS'],
    [
      'an object without its partial',
      new Map([['object-1', new Map<string, Buffer>()]]),
      'MISSING_PARTIAL',
    ],
  ])('refuses %s', async (_, outputs, reason) => {
    const outcome = await bench.consolidate(outputs);

    expect(outcome).toMatchObject({ exitCode: exitCode.badData, reason, printed: '' });
  });

  it('refuses a batch that has patients and no visit', async () => {
    const outcome = await bench.runStudy([[...generatePocA().patients].join('')]);

    expect(outcome).toMatchObject({ exitCode: exitCode.badData, reason: 'NO_ROWS' });
  });

  it('fails on a partial that is no partial, and writes no summary', async () => {
    const outcome = await bench.consolidate(
      new Map([
        ['object-1', new Map([['partial.parquet', Buffer.from('PAR1 but not really PAR1')]])],
      ]),
    );

    expect(outcome).toMatchObject({ exitCode: exitCode.unforeseen, printed: '' });
    expect([...outcome.files.keys()]).toEqual([]);
  });
});

/** What `process` does, without starting a process for each of many objects. */
async function processInThisProcess(objects: readonly string[]): Promise<Outcome['files'][]> {
  const outputs: Outcome['files'][] = [];
  for (const [index, object] of objects.entries()) {
    const directory = join(bench.root, `inline-${index}`);
    await mkdir(directory);
    const path = join(directory, 'object');
    await writeFile(path, object);
    await withEngine(
      { input: directory, output: directory, temporary: directory },
      async (connection) => {
        await loadVisits(connection, path);
        await writePartial(connection, directory);
      },
    );
    outputs.push(new Map([[partialFileName, await readFile(join(directory, partialFileName))]]));
  }
  return outputs;
}

/** The rows of POC A dealt to objects in turn, the last row first. */
function shuffledPocA(parts: number): string[] {
  const [header = '', ...rows] = [...generatePocA().timeseries];
  rows.reverse();
  return Array.from(
    { length: parts },
    (_, part) => header + rows.filter((_row, index) => index % parts === part).join(''),
  );
}
