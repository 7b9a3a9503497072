/** What stands in a cell: a text, a number, or nothing. */
export type Cell = string | number | undefined;

/** A table with a closed list of columns. */
export interface CsvTable<Column extends string = string> {
  readonly columns: readonly Column[];
  readonly rows: readonly Readonly<Partial<Record<Column, Cell>>>[];
}

/** What makes a spreadsheet take a cell for a formula, and what marks that it shall not. */
const formula = /^[=+\-@\t\r']/;

/**
 * Writes a table by RFC 4180: a header, lines that end in CRLF, cells quoted where they must be.
 *
 * Of all texts, the names of sessions are typed by people. A text that begins with `=`, `+`, `-`, `@`,
 * a tab or a carriage return has an apostrophe before it, so that no spreadsheet computes it; one that
 * begins with an apostrophe gets another, so that taking one away always gives the text back. Numbers
 * are our own, and stay as they are.
 */
export function writeCsv<Column extends string>({ columns, rows }: CsvTable<Column>): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((cells) => `${cells.map(written).join(',')}\r\n`).join('');
}

function written(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const safe = formula.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
