import { markOf } from '../graph/icon.ts';
import type { Look } from '../graph/palette.ts';
import { type Content, type Html, markup } from './html.ts';
import { moment } from './words.ts';

/** A section of the report, a landmark of its own. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Content;
}

/** A time in a sentence, which is never broken in two. */
export const at = (time: string | undefined): Html => markup`<time>${moment(time)}</time>`;

/** How something stands: told by a sign and a word besides the colour. */
export type Mark = 'good' | 'bad' | 'open' | 'neutral';

const signs: Readonly<Record<Mark, Look>> = {
  good: 'succeeded',
  bad: 'failed',
  open: 'running',
  neutral: 'not entered',
};

/** A word with its sign, which is drawn: not every font has such letters. */
export const badge = (mark: Mark, word: string): Html =>
  markup`<span class="badge ${mark}"><svg viewBox="-5 -5 10 10" aria-hidden="true"><path d="${markOf(signs[mark])}"/></svg>${word}</span>`;

/** Paragraphs. */
export const paragraphs = (...sentences: readonly Content[]): Html[] =>
  sentences
    .filter((each) => each !== undefined)
    .map(
      (each) => markup`<p>${each}</p>
`,
    );
