/*
 * The plots are written by hand. They are two figures of a fixed shape; a chart library for Node
 * brings a DOM or a browser, is many times the size of this pipeline, and does not promise the same bytes
 * after an update, which the results of this pipeline do promise.
 */

/** Attributes of an element. Numbers are written with two decimals at most. */
export type Attributes = Record<string, string | number>;

/** The colours of Okabe and Ito: told apart by colour-blind readers and in grey. */
export const colour = {
  first: '#0072b2',
  second: '#d55e00',
  ink: '#222222',
  quiet: '#5f6368',
  grid: '#e4e6e9',
  paper: '#ffffff',
} as const;

/** An element with its content. */
export function element(name: string, attributes: Attributes, ...content: string[]): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? point(value) : escape(value)}"`)
    .join('');
  return content.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${content.join('')}</${name}>`;
}

/** A line of text. The anchor says which end of it stands at `x`. */
export function label(
  x: number,
  y: number,
  text: string,
  attributes: Attributes & { anchor?: 'start' | 'middle' | 'end' } = {},
): string {
  const { anchor = 'start', ...others } = attributes;
  return element(
    'text',
    { x, y, 'text-anchor': anchor, 'font-size': 12, fill: colour.ink, ...others },
    escape(text),
  );
}

/** A straight line. */
export function stroke(
  from: readonly [number, number],
  to: readonly [number, number],
  attributes: Attributes,
): string {
  return element('line', { x1: from[0], y1: from[1], x2: to[0], y2: to[1], ...attributes });
}

/** A whole figure on a light ground, with a title and a subtitle at the top left. */
export function figure(
  size: { width: number; height: number; margin: number },
  texts: { title: string; subtitle: string },
  ...content: string[]
): string {
  const { width, height, margin } = size;
  const body = [
    element('title', {}, escape(texts.title)),
    element('desc', {}, escape(texts.subtitle)),
    element('rect', { width, height, fill: colour.paper }),
    label(margin, 34, texts.title, { 'font-size': 20, 'font-weight': 'bold' }),
    label(margin, 56, texts.subtitle, { 'font-size': 13, fill: colour.quiet }),
    ...content,
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'font-family': 'Helvetica, Arial, sans-serif',
  };
  return `${element('svg', attributes, '\n', body.join('\n'), '\n')}\n`;
}

/** A coordinate, or a pair of them, with two decimals at most. */
export function point(...numbers: number[]): string {
  return numbers.map((number) => String(Number(number.toFixed(2)))).join(',');
}

/** A count with commas between thousands, whatever the locale of the machine. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
