import {
  VALUE_DECIMALS,
  correlation,
  formatUnits,
  mean,
  standardDeviation,
} from '../exact-statistics.ts';
import type { MergedRow } from './merged-study.ts';
import { productKey } from './partial.ts';
import { correlated, variables, vitals, type Variable } from './variables.ts';

const MEAN_DECIMALS = 4;
const CORRELATION_DECIMALS = 6;

/**
 * `summary.csv`: one row per variable, the first for the dates of the visits.
 *
 * Columns: variable, unit, n, mean, sd (sample), min, max, r (Pearson's correlation) and r_with, the
 * variable that r is with. A cell is empty where there is no such figure.
 */
export function summaryCsv(study: MergedRow): string {
  const dates = [
    'date',
    '',
    study.integer('n'),
    '',
    '',
    study.text('first_at'),
    study.text('last_at'),
    '',
    '',
  ];
  return [
    line('variable', 'unit', 'n', 'mean', 'sd', 'min', 'max', 'r', 'r_with'),
    line(...dates),
    ...variables.map((variable) => line(...summaryCells(study, variable))),
  ].join('');
}

/** `by-patient.csv`, line by line: visits, first and last visit, and the mean of each vital sign. */
export async function* byPatientCsv(patients: AsyncIterable<MergedRow>): AsyncGenerator<string> {
  const means = vitals.map(({ column }) => `mean ${column}`);
  yield line('ID', 'visits', 'first visit', 'last visit', ...means);
  for await (const patient of patients) {
    const n = patient.integer('n');
    const cells = vitals.map(({ key }) =>
      mean({ n, sum: patient.integer(`${key}_sum`) }, MEAN_DECIMALS),
    );
    yield line(
      patient.integer('id'),
      n,
      patient.text('first_at'),
      patient.text('last_at'),
      ...cells,
    );
  }
}

function summaryCells(study: MergedRow, variable: (typeof variables)[number]): Cell[] {
  const { column, key, unit } = variable;
  const moments = study.moments(key);
  const pair = correlated.find((candidate) => candidate.with === key);
  const other = variables.find((candidate) => candidate.key === pair?.of);
  return [
    column,
    unit,
    moments.n,
    mean(moments, MEAN_DECIMALS),
    standardDeviation(moments, MEAN_DECIMALS),
    extreme(study.integer(`${key}_min`), variable),
    extreme(study.integer(`${key}_max`), variable),
    pair &&
      correlation(
        study.moments(pair.of),
        moments,
        study.integer(productKey(pair)),
        CORRELATION_DECIMALS,
      ),
    other?.column,
  ];
}

/** An extreme is a value of the file: all its nine decimals, or none where only whole numbers occur. */
function extreme(units: bigint, { kind }: Variable): string {
  const text = formatUnits(units, VALUE_DECIMALS);
  return kind === 'decimal' ? text : text.slice(0, text.indexOf('.'));
}

type Cell = string | bigint | undefined;

/** No cell holds a comma, a quote or a line end: they are numbers, times and names of columns. */
function line(...cells: Cell[]): string {
  return `${cells.map((cell) => cell ?? '').join(',')}\n`;
}
