import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { generatePocA } from './poc-a.ts';

const VISIT_ROWS = 10_000;

/** A file of the study as it was written. */
export interface PocAFile {
  /** Where it is. */
  path: string;
  /** Its name: of no person and with no date in it, so that it passes the name gate. */
  name: string;
  /** Which table it holds, or a part of. */
  table: 'patients' | 'timeseries' | 'patientParameters';
  /** Data rows, the header not counted. */
  rows: number;
  /** Size in bytes. */
  bytes: number;
}

/**
 * Writes the synthetic study "100 Johns" as CSV files into a directory, which is made if it is absent.
 *
 * With `split` the visits are written as that many files of contiguous rows, `visits-01.csv` and so
 * on, each with the header, so that each can be uploaded as an object of its own; without it they
 * are the one file `timeseries.csv`. Existing files of the same names are replaced.
 *
 * @throws RangeError where `split` is not a whole number from 1 to 10,000
 */
export async function writePocA(
  directory: string,
  options: { split?: number } = {},
): Promise<PocAFile[]> {
  const { split } = options;
  if (split !== undefined && !(Number.isInteger(split) && split >= 1 && split <= VISIT_ROWS)) {
    throw new RangeError(`split must be a whole number from 1 to ${VISIT_ROWS}.`);
  }
  await mkdir(directory, { recursive: true });
  const study = generatePocA();
  const write = async (name: string, table: PocAFile['table'], lines: Iterable<string>) => {
    const path = join(directory, name);
    const counted = { lines: 0 };
    await pipeline(Readable.from(countLines(lines, counted)), createWriteStream(path));
    const { size } = await stat(path);
    return { path, name, table, rows: counted.lines - 1, bytes: size };
  };

  const files = [await write('patients.csv', 'patients', study.patients)];
  if (split === undefined) {
    files.push(await write('timeseries.csv', 'timeseries', study.timeseries));
  } else {
    for (const part of splitLines(study.timeseries, split)) {
      files.push(await write(part.name, 'timeseries', part.lines));
    }
  }
  files.push(await write('patientParameters.csv', 'patientParameters', study.patientParameters));
  return files;
}

function* splitLines(
  lines: Iterable<string>,
  parts: number,
): Generator<{ name: string; lines: Iterable<string> }> {
  const source = lines[Symbol.iterator]();
  const header = next(source);
  const digits = Math.max(2, String(parts).length);
  for (let part = 0; part < parts; part++) {
    const rows =
      Math.floor(((part + 1) * VISIT_ROWS) / parts) - Math.floor((part * VISIT_ROWS) / parts);
    const name = `visits-${String(part + 1).padStart(digits, '0')}.csv`;
    yield { name, lines: take(header, source, rows) };
  }
  // The generator behind the lines counts a visit as finished only when it is asked for the next.
  source.next();
}

function* take(header: string, source: Iterator<string>, rows: number): Generator<string> {
  yield header;
  for (let row = 0; row < rows; row++) yield next(source);
}

function next(source: Iterator<string>): string {
  const item = source.next();
  if (item.done === true) throw new RangeError('The visits ended before the last part was full.');
  return item.value;
}

function* countLines(lines: Iterable<string>, counted: { lines: number }): Generator<string> {
  for (const text of lines) {
    counted.lines += 1;
    yield text;
  }
}
