import { type Content, Html, markup } from './html.ts';

/** A section of the report, a landmark of its own. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Content;
}

/** What a column holds; text where nothing is said. */
export interface Column {
  readonly title: string;
  /** Numbers stand to the right; a code is an id; a digest stands in two lines. */
  readonly kind?: 'number' | 'code' | 'digest';
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly Content[])[];
}

const kindClass = { number: 'n', code: 'c', digest: 'd' } as const;

/**
 * A table with a caption, and headers with their scope.
 *
 * Its class says which columns are numbers and codes, and cells are left open, as HTML allows: with a
 * thousand rows, each byte of a cell counts.
 */
export function table({ caption, columns, rows }: Table): Html {
  const classes = columns.flatMap(({ kind }, index) =>
    kind === undefined ? [] : `${kindClass[kind]}${index + 1}`,
  );
  const head = columns.map(({ title }) => markup`<th scope=col>${title}`);
  const body = rows.map(
    ([first, ...others]) =>
      markup`<tr><th scope=row>${first}${others.map((cell) => markup`<td>${cell}`)}
`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="${classes.join(' ')}"><caption>${caption}</caption><thead><tr>${head}</thead><tbody>
${body}</tbody></table></div>
`;
}

/** How something stands: told by a sign and a word besides the colour. */
export type Mark = 'good' | 'bad' | 'open' | 'neutral';

const signs: Readonly<Record<Mark, string>> = { good: '✓', bad: '✕', open: '…', neutral: '–' };

/** A word with its sign. */
export const badge = (mark: Mark, word: string): Html =>
  markup`<span class="badge ${mark}"><span aria-hidden="true">${signs[mark]}</span> ${word}</span>`;

/** Paragraphs. */
export const paragraphs = (...sentences: readonly Content[]): Html[] =>
  sentences
    .filter((each) => each !== undefined)
    .map(
      (each) => markup`<p>${each}</p>
`,
    );
