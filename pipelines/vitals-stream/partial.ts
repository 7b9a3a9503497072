import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { csvCell } from './csv.ts';

/** What `process` leaves of an object and `consolidate` reads: one CSV file. */
export const partialFileName = 'partial.csv';

/** The columns of a partial and their types in the engine. A HUGEINT is a whole number of 128 bits. */
export const partialColumns = {
  kind: 'VARCHAR',
  subject: 'VARCHAR',
  minute: 'BIGINT',
  name: 'VARCHAR',
  unit: 'VARCHAR',
  n: 'BIGINT',
  total: 'HUGEINT',
  low: 'HUGEINT',
  high: 'HUGEINT',
} as const;

/**
 * What a row of a partial is about. Rows that agree in all but the figures merge by sum, minimum and
 * maximum of whole numbers: the order of objects cannot change a bit.
 *
 * `VALUE`: observations of a subject, minute, code (`name`) and unit, in units of 10^-9.
 * `INTERVAL`: times between beats of a subject and minute, in microseconds.
 * `DATA`: a subject has data in a minute.
 * `DEVICE`: records of a subject from a device (`name`).
 * `MESSAGE`: records of a message, known by its device (`subject`), boot (`name`) and number (`minute`).
 * `CLOCK`: records of a device (`name`) whose times were corrected, and by how many milliseconds.
 * `COUNT`: what `qc.json` counts, by `name`.
 * `DAY`: the day (`name`) of an object.
 */
export type PartialKind =
  'VALUE' | 'INTERVAL' | 'DATA' | 'DEVICE' | 'MESSAGE' | 'CLOCK' | 'COUNT' | 'DAY';

/** What a row is about. */
export interface PartialKey {
  kind: PartialKind;
  subject?: string;
  minute?: number;
  name?: string;
  unit?: string;
}

interface Figures {
  n: number;
  total: bigint;
  low: bigint | undefined;
  high: bigint | undefined;
}

/** So many rows are held, some tens of megabytes; then they are written, and equal ones may follow. */
const mostRows = 50_000;

/** Adds up what is said of an object and writes it, in a memory that does not grow with the object. */
export class PartialWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #rows = new Map<string, Figures>();
  readonly #mostRows: number;

  private constructor(path: string, file: FileHandle, rows: number) {
    this.#path = path;
    this.#file = file;
    this.#mostRows = rows;
  }

  /** Opens the partial of a directory. `rows` is how many are held in memory. */
  static async open(directory: string, rows = mostRows): Promise<PartialWriter> {
    const path = join(directory, partialFileName);
    const file = await open(path, 'wx');
    const writer = new PartialWriter(path, file, rows);
    await file.appendFile(`${Object.keys(partialColumns).join(',')}\n`);
    return writer;
  }

  /** Counts something, `n` times. */
  count(key: PartialKey, n = 1): void {
    this.#row(key).n += n;
  }

  /** Counts one value and adds it to the row's figures. */
  add(key: PartialKey, value: bigint): void {
    const row = this.#row(key);
    row.n++;
    row.total += value;
    if (row.low === undefined || value < row.low) row.low = value;
    if (row.high === undefined || value > row.high) row.high = value;
  }

  /** Writes what is held where that is much. Between two records, not within one. */
  async relieve(): Promise<void> {
    if (this.#rows.size >= this.#mostRows) await this.#flush();
  }

  /** Writes the rest, and ends the partial. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#file.close();
  }

  /** Removes what was written: of an object that is bad there is no partial, not a part of one. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.#path);
  }

  #row({ kind, subject = '', minute, name = '', unit = '' }: PartialKey): Figures {
    const key = `${kind},${subject},${minute ?? ''},${name},${csvCell(unit)}`;
    const found = this.#rows.get(key);
    if (found) return found;
    const row = { n: 0, total: 0n, low: undefined, high: undefined };
    this.#rows.set(key, row);
    return row;
  }

  async #flush(): Promise<void> {
    let text = '';
    for (const [key, { n, total, low, high }] of this.#rows) {
      text += `${key},${n},${total},${low ?? ''},${high ?? ''}\n`;
    }
    this.#rows.clear();
    // Unlike `write`, it goes on where the system took a part only.
    await this.#file.appendFile(text);
  }
}
