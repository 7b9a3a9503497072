import { type Content, Html, markup } from './html.ts';
import { moment } from './words.ts';

/** What a column holds; text where nothing is said. */
export interface Column {
  readonly title: string;
  /**
   * Numbers stand to the right; a code is an id; a digest stands in two lines. Times are those of a
   * record; their date stands in the header where it is one and the same.
   */
  readonly kind?: 'number' | 'code' | 'digest' | 'time';
  /** Rows that have the same in such columns follow each other, below one line that tells it. */
  readonly isShared?: boolean;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly Content[])[];
}

const kindClass = { number: 'n', code: 'c', digest: 'd' } as const;

/**
 * A table with a caption and headers.
 *
 * With a thousand rows, each byte of a cell counts. So the table's class says which columns are numbers
 * and codes, cells are left open, as HTML allows, and empty ones at the end of a row are left out. A
 * header that starts a row is that row's by the rules of HTML, without a scope.
 */
export function table({ caption, columns, rows }: Table): Html {
  const own = columns.map((column, at) => ({ ...column, at })).filter((each) => !each.isShared);
  const shared = columns.map((column, at) => ({ ...column, at })).filter((each) => each.isShared);
  const dates = new Map(own.map(({ kind, at }) => [at, kind === 'time' && dateOf(rows, at)]));
  const classes = own.flatMap(({ kind }, index) =>
    kind === undefined || kind === 'time' ? [] : `${kindClass[kind]}${index + 1}`,
  );
  const head = own.map(({ title, at }) => {
    const date = dates.get(at);
    return markup`<th scope=col>${title}${date === undefined || date === false ? undefined : markup`<br>${date}`}`;
  });
  const cell = (row: readonly Content[], at: number): Content => {
    const content = row[at];
    const date = dates.get(at);
    if (date === false || typeof content !== 'string') return content;
    return date === undefined ? moment(content) : moment(content).slice(date.length + 1);
  };
  const written = (row: readonly Content[]) => {
    const [first, ...others] = own.map(({ at }) => cell(row, at));
    return markup`<tr><th>${first}${others.slice(0, told(others)).map((each) => markup`<td>${each}`)}
`;
  };
  const groups = Map.groupBy(rows, (row) =>
    shared.map(({ title, at }) => markup`${title}: ${row[at]}`.text).join(', '),
  );
  const body = [...groups].map(([title, those]) =>
    title === ''
      ? those.map(written)
      : markup`<tr class="group"><th colspan=${own.length} scope=rowgroup>${new Html(title)}
${those.map(written)}`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="${classes.join(' ')}"><caption>${caption}</caption><thead><tr>${head}</thead>${body.map(
    (each) => markup`<tbody>
${each}`,
  )}</table></div>
`;
}

/** The date of a column's times, where all have the same one. */
function dateOf(rows: Table['rows'], at: number): string | undefined {
  const dates = new Set(
    rows.flatMap((row) => {
      const content = row[at];
      return typeof content === 'string' && content !== '' ? content.slice(0, 10) : [];
    }),
  );
  return dates.size === 1 ? [...dates][0] : undefined;
}

/** How many cells of a row there are until only empty ones follow. */
const told = (cells: readonly Content[]): number =>
  cells.findLastIndex((cell) => cell !== undefined && cell !== '') + 1;
