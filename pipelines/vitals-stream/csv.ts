/** What a cell is written from. */
export type Cell = string | number | bigint | undefined;

/**
 * A text as a CSV cell (RFC 4180).
 *
 * A unit is the one text that a device chooses: it may hold commas and quotes, and no line end.
 */
export function csvCell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A line of a CSV file. */
export function csvLine(...cells: Cell[]): string {
  return `${cells.map((cell) => csvCell(String(cell ?? ''))).join(',')}\n`;
}
