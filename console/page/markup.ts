import htm from 'htm';
import { Fragment, h, type VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** What stands in a page: text, which is escaped, or markup; an attribute that is undefined is left out. */
export type Content =
  VNode | string | number | boolean | undefined | Readonly<{ __html: string }> | readonly Content[];

const template = htm.bind<VNode>(h);

/**
 * Makes markup of a template; what is put into it is escaped, unless it is markup itself.
 *
 * Components are functions that are called: `${Pill({ status })}`, so that the compiler checks what they
 * are given. It is not called `html`, because Prettier formats templates of that name.
 */
export function markup(parts: TemplateStringsArray, ...contents: readonly Content[]): VNode {
  const made = template(parts, ...contents);
  return Array.isArray(made) ? h(Fragment, {}, made) : made;
}

/** Takes up markup that escapes for itself: a drawing, or a section of the report. */
export const taken = (html: string, attributes: Readonly<Record<string, string>> = {}): VNode =>
  h('div', { ...attributes, dangerouslySetInnerHTML: { __html: html } });

/** Writes markup as HTML. */
export const write = (content: VNode): string => renderToString(content);
