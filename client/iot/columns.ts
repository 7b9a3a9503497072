/** One cell; numbers stand to the right. */
export type Cell = string | number;

/** Lays rows out under their headings, in columns as wide as what is in them. */
export function columns(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => String(row[column] ?? '').length)),
  );
  return [headings, ...rows]
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return typeof rows[0]?.[column] === 'number'
            ? String(cell).padStart(width)
            : String(cell).padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
