/**
 * Reads a table by RFC 4180, its header among the rows; undefined for what is no such table.
 *
 * Cells are given back as they stand, with the apostrophe that keeps a spreadsheet from computing them.
 */
export function readCsv(text: string): string[][] | undefined {
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  const rows: string[][] = [];
  let row: string[] = [];
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (found === null) return undefined;
    const [, quoted, plain = '', end] = found;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return row.length === 0 ? rows : undefined;
}
