import { DuckDBDecimalValue, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';

/** A row of the engine's answer, read column by column. */
export class EngineRow {
  readonly #cells: Record<string, DuckDBValue>;

  constructor(cells: Record<string, DuckDBValue>) {
    this.#cells = cells;
  }

  /** A count, or a decimal in units of its last digit. */
  integer(column: string): bigint {
    const value = this.#cells[column];
    if (value instanceof DuckDBDecimalValue) return value.value;
    if (typeof value === 'bigint') return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    throw new TypeError(`The column ${column} is not a whole number.`);
  }

  /** A text, such as a time as `1938-10-30 00:00:00`. */
  text(column: string): string {
    const value = this.#cells[column];
    if (typeof value === 'string') return value;
    throw new TypeError(`The column ${column} is not a text.`);
  }

  /** Says whether a column has no value. */
  isEmpty(column: string): boolean {
    return (this.#cells[column] ?? null) === null;
  }
}

/** The rows of a query, all of them: for answers that are short by what they are. */
export async function readRows(connection: DuckDBConnection, sql: string): Promise<EngineRow[]> {
  const result = await connection.runAndReadAll(sql);
  return result.getRowObjects().map((row) => new EngineRow(row));
}

/** The rows of a query, a chunk at a time. */
export async function* streamRows(
  connection: DuckDBConnection,
  sql: string,
): AsyncGenerator<EngineRow> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRowObjects()) yield* rows.map((row) => new EngineRow(row));
}
