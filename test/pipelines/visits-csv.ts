import { generatePocA, pocATimeseriesHeader } from '../../synthetic/poc-a.ts';

/** A visit with unremarkable values; what a test is about, it overrides. */
export interface Visit {
  date: string;
  ID: string | number;
  systol: string | number;
  temp: string | number;
  OSat: string | number;
  BaseE: string | number;
  TPain: string | number;
  [column: string]: string | number;
}

const plain: Visit = {
  date: '1950-01-01 00:00:00',
  ID: 7,
  systol: 120,
  diastol: 80,
  'resp.rate': 16,
  'heart rate': 70,
  OSat: '97.5',
  temp: '98.6',
  weight: 180,
  BMI: '24.5',
  BaseE: 0,
  TPain: '21.0',
  DK: 0,
  'sum BaseE': 0,
  'sum TPain': '21.0',
  'sum DK': 0,
};

/** The lines of a visits file, header first, without line ends. */
export function visitLines(...visits: Partial<Visit>[]): string[] {
  const columns = pocATimeseriesHeader.split(',');
  return [
    pocATimeseriesHeader,
    ...visits.map((visit) => columns.map((column) => visit[column] ?? plain[column]).join(',')),
  ];
}

/** A visits file. */
export function visitsCsv(...visits: Partial<Visit>[]): string {
  return `${visitLines(...visits).join('\n')}\n`;
}

/** The visits of POC A as files of contiguous rows. */
export function splitPocA(parts: number): string[] {
  const [header = '', ...rows] = [...generatePocA().timeseries];
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * rows.length) / parts);
    const to = Math.floor(((part + 1) * rows.length) / parts);
    return header + rows.slice(from, to).join('');
  });
}
