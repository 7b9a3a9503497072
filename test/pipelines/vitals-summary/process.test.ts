import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCode } from '../../../pipelines/contract.ts';
import { generatePocA, pocACanaries } from '../../../synthetic/poc-a.ts';
import { PipelineBench, rowsOf, textOf, type Outcome } from '../run-pipeline.ts';
import { visitLines, visitsCsv } from '../visits-csv.ts';

let bench: PipelineBench;

beforeAll(async () => {
  bench = await PipelineBench.open('vitals-summary');
});

afterAll(() => bench.close());

function refused(reason: string): Partial<Outcome> {
  return { exitCode: exitCode.badData, reason, printed: '', left: [] };
}

const visit = visitLines({})[1] ?? '';
const header = visitLines()[0] ?? '';

describe('process of vitals-summary', () => {
  it('leaves one partial and nothing else, prints nothing, and tidies up', async () => {
    const outcome = await bench.process(visitsCsv({}, {}));

    expect([...outcome.files.keys()]).toEqual(['partial.parquet']);
    expect(outcome).toMatchObject({ exitCode: exitCode.done, printed: '', left: [] });
  });

  it('gives the same bytes for the same object', async () => {
    const first = await bench.process(visitsCsv({}, { ID: 8 }));
    const second = await bench.process(visitsCsv({}, { ID: 8 }));

    expect(first.files.get('partial.parquet')).toEqual(second.files.get('partial.parquet'));
  });

  it.each([
    ['CRLF at line ends', visitsCsv({}).replaceAll('\n', '\r\n')],
    ['no line end after the last row', visitsCsv({}).trimEnd()],
    ['a byte order mark', `\uFEFF${visitsCsv({})}`],
    [
      'quoted cells',
      `${[header, visit].map((line) => `"${line.replaceAll(',', '","')}"`).join('\n')}\n`,
    ],
    ['an exponent', visitsCsv({ temp: '9.86e1' })],
  ])('takes %s', async (_, object) => {
    const outcome = await bench.process(object);

    expect(outcome).toMatchObject({ exitCode: exitCode.done, printed: '' });
  });

  it.each([
    ['an empty file', '', 'NO_ROWS'],
    ['a header without rows', `${header}\n`, 'NO_ROWS'],
    ['a header without rows or line end', header, 'NO_ROWS'],
    ['a column of another name', visitsCsv({}).replace('OSat', 'SpO2'), 'BAD_HEADER'],
    ['columns in another order', visitsCsv({}).replace('date,ID', 'ID,date'), 'BAD_HEADER'],
    ['a column too few', visitsCsv({}).replace(',sum DK', ''), 'BAD_HEADER'],
    ['no header', `${visit}\n${visit}\n`, 'BAD_HEADER'],
    ['a header that never ends', 'x'.repeat(5000), 'BAD_HEADER'],
    ['line ends of an old Macintosh', visitsCsv({}).replaceAll('\n', '\r'), 'BAD_HEADER'],
    ['a semicolon as separator', visitsCsv({}).replaceAll(',', ';'), 'BAD_HEADER'],
    ['a row with a cell too few', `${header}\n${visit}\n${visit.replace(/,0$/, '')}\n`, 'BAD_ROW'],
    ['a row with a cell too many', `${header}\n${visit}\n${visit},0\n`, 'BAD_ROW'],
    ['a quote that never ends', `${header}\n${visit}\n"${visit}\n`, 'BAD_ROW'],
    ['line ends of two kinds', `${header}\r\n${visit}\r\n${visit}\n`, 'BAD_ROW'],
    ['a word for a number', visitsCsv({ temp: 'hot' }), 'BAD_ROW'],
    ['not a number', visitsCsv({ temp: 'nan' }), 'BAD_ROW'],
    ['an infinite number', visitsCsv({ temp: 'inf' }), 'BAD_ROW'],
    ['a number beyond 100,000', visitsCsv({ temp: '100000' }), 'BAD_ROW'],
    ['a word in a column that is not summarised', visitsCsv({ 'sum DK': 'many' }), 'BAD_ROW'],
    ['a day that there is not', visitsCsv({ date: '1950-02-30 00:00:00' }), 'BAD_VALUE'],
    ['a date without a time', visitsCsv({ date: '1950-01-01' }), 'BAD_VALUE'],
    ['a date with a zone', visitsCsv({ date: '1950-01-01 00:00:00+02' }), 'BAD_VALUE'],
    ['a date of another order', visitsCsv({ date: '01/30/1950 00:00:00' }), 'BAD_VALUE'],
    ['a date with too many digits', visitsCsv({ date: '01950-01-01 00:00:00' }), 'BAD_VALUE'],
    [
      'a date with a fraction of a second',
      visitsCsv({ date: '1950-01-01 00:00:00.5' }),
      'BAD_VALUE',
    ],
    ['a date without end', visitsCsv({ date: 'infinity' }), 'BAD_VALUE'],
    ['an empty cell', visitsCsv({}, { temp: '' }), 'MISSING_VALUE'],
    ['an empty cell in quotes', visitsCsv({ temp: '""' }), 'MISSING_VALUE'],
    ['a fraction for a whole number', visitsCsv({ systol: '120.5' }), 'BAD_VALUE'],
    ['a fraction for an ID', visitsCsv({ ID: '7.5' }), 'BAD_VALUE'],
    ['a negative ID', visitsCsv({ ID: -7 }), 'BAD_VALUE'],
    ['a flag of 2', visitsCsv({ BaseE: 2 }), 'BAD_VALUE'],
    ['Latin-1', Buffer.from(visitsCsv({}, { temp: '98.6\xb0' }), 'latin1'), 'BAD_ENCODING'],
    [
      'a header in Latin-1',
      Buffer.from(visitsCsv({}).replace('OSat', 'OS\xe4t'), 'latin1'),
      'BAD_ENCODING',
    ],
    ['UTF-16', Buffer.from(`\uFEFF${visitsCsv({})}`, 'utf16le'), 'BAD_ENCODING'],
    ['a compressed file', Buffer.from('1f8b0800000000000003ff00ff', 'hex'), 'BAD_ENCODING'],
    ['another table of the study', [...pocAParameters()].join(''), 'BAD_HEADER'],
  ])('refuses %s', async (_, object, reason) => {
    const outcome = await bench.process(object);

    expect(outcome).toMatchObject(refused(reason));
    expect([...outcome.files.keys()]).toEqual(['.reason']);
  });

  it('refuses a row of three million characters without taking it in', async () => {
    const outcome = await bench.process(`${visitsCsv({})}${'9'.repeat(3_000_000)}\n`);

    expect(outcome).toMatchObject(refused('BAD_ROW'));
  });

  it('finds the bad row behind ten thousand good ones', async () => {
    const good = [...generatePocA().timeseries].join('');

    const outcome = await bench.process(`${good}${visit.replace('120', 'x')}\r\n`);

    expect(outcome).toMatchObject(refused('BAD_ROW'));
  });

  it('ends with a code that is retried where the object is missing, and prints nothing', async () => {
    const outcome = await bench.processWithoutObject();

    expect(outcome).toMatchObject({ exitCode: exitCode.unforeseen, printed: '' });
  });

  it('keeps the ids of a patients table and drops the names', async () => {
    const patients = [...generatePocA().patients].join('');

    const outcome = await bench.process(patients);

    expect(outcome).toMatchObject({ exitCode: exitCode.done, printed: '' });
    const partial = outcome.files.get('partial.parquet')!.toString('latin1');
    expect(pocACanaries.filter((name) => patients.includes(name))).toEqual(pocACanaries);
    expect(pocACanaries.filter((name) => partial.includes(name))).toEqual([]);
  });

  it('reads values to nine decimals, half away from zero', async () => {
    const outcome = await bench.runStudy([
      visitsCsv({ temp: '98.1234567885' }, { temp: '98.12345678949' }),
    ]);

    const row = rowsOf(textOf(outcome, 'summary.csv')).find(({ variable }) => variable === 'temp');
    expect(row).toMatchObject({ min: '98.123456789', max: '98.123456789' });
  });
});

function* pocAParameters(): Generator<string> {
  const study = generatePocA();
  expect([...study.timeseries]).toHaveLength(10_001);
  yield* study.patientParameters;
}
