import { escaped } from '../graph/markup.ts';

/** Markup: only {@link markup} and {@link drawn} make it, so all other text in a page is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What stands in a page: text, which is escaped, or markup; nothing for undefined. */
export type Content = string | number | Html | undefined | readonly Content[];

/**
 * Makes markup of a template: what is put into it is escaped, unless it is markup itself.
 *
 * It is not called `html`, because Prettier formats templates of that name: the styles would no longer
 * be those whose digests the page's policy names.
 */
export function markup(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(
    parts.map((part, index) => (index === 0 ? '' : render(contents[index - 1])) + part).join(''),
  );
}

/**
 * Takes up a drawing, which escapes for itself. HTML needs fewer quotes than XML does; those that go
 * can only be of attributes, because a quote in a text is escaped.
 */
export const drawn = (svg: string): Html =>
  new Html(svg.replaceAll(/="([\w.-]+)"(?=[ >])/g, '=$1'));

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escaped(String(content));
}
