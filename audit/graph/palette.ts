import type { Outcome } from '../run-record.ts';

/** Every way in which a state or a lane of the graph can look. */
export type Look = Outcome | 'gave up' | 'not entered' | 'plain';

interface Shade {
  readonly fill: string;
  readonly line: string;
  readonly text: string;
}

interface Scheme {
  readonly back: string;
  readonly panel: string;
  readonly panelLine: string;
  readonly text: string;
  readonly quiet: string;
  /** A path that was taken, and one that was not. */
  readonly taken: string;
  readonly path: string;
  readonly looks: Readonly<Record<Look, Shade>>;
}

/** Colours: a test holds text against what is behind it (4.5 : 1), and lines (3 : 1). */
export const schemes: Readonly<Record<'light' | 'dark', Scheme>> = {
  light: {
    back: '#ffffff',
    panel: '#f6f8fa',
    panelLine: '#8b949e',
    text: '#1f2328',
    quiet: '#59636e',
    taken: '#444c56',
    path: '#848d97',
    looks: {
      succeeded: { fill: '#e6f5ea', line: '#1a7f37', text: '#0f5323' },
      failed: { fill: '#ffebe9', line: '#cf222e', text: '#9b1c24' },
      caught: { fill: '#fff5d6', line: '#9a6700', text: '#6b4700' },
      aborted: { fill: '#f5edff', line: '#8250df', text: '#5b2fa8' },
      running: { fill: '#e2f1ff', line: '#0969da', text: '#0a4a9c' },
      'gave up': { fill: '#ffebe9', line: '#cf222e', text: '#9b1c24' },
      'not entered': { fill: '#ffffff', line: '#848d97', text: '#59636e' },
      plain: { fill: '#ffffff', line: '#57606a', text: '#1f2328' },
    },
  },
  dark: {
    back: '#0d1117',
    panel: '#151b23',
    panelLine: '#6e7681',
    text: '#e6edf3',
    quiet: '#9ea7b3',
    taken: '#b7bfc8',
    path: '#6e7681',
    looks: {
      succeeded: { fill: '#12281a', line: '#3fb950', text: '#8ddb9b' },
      failed: { fill: '#351719', line: '#f85149', text: '#ffa8a2' },
      caught: { fill: '#2f250d', line: '#d29922', text: '#eac55f' },
      aborted: { fill: '#261a3a', line: '#a371f7', text: '#d2b6ff' },
      running: { fill: '#10243e', line: '#4493f8', text: '#9dcbff' },
      'gave up': { fill: '#351719', line: '#f85149', text: '#ffa8a2' },
      'not entered': { fill: '#0d1117', line: '#6e7681', text: '#9ea7b3' },
      plain: { fill: '#161b22', line: '#8b949e', text: '#e6edf3' },
    },
  },
};

/** A look as part of a class name. */
export const lookClass = (look: Look): string => `czar-${look.replaceAll(' ', '-')}`;

function properties(scheme: Scheme): Record<string, string> {
  const { looks, ...rest } = scheme;
  const own = Object.entries(rest).map(([name, colour]) => [`--czar-${name}`, colour]);
  const shades = Object.entries(looks).flatMap(([look, shade]) =>
    Object.entries(shade).map(([part, colour]) => [
      `--${lookClass(look as Look)}-${part}`,
      String(colour),
    ]),
  );
  return Object.fromEntries([...own, ...shades]) as Record<string, string>;
}

const light = properties(schemes.light);

type Colour = (property: 'fill' | 'stroke', name: string) => string;

/** A colour by its custom property. */
const declaredColour: Colour = (property, name) => `${property}:var(${name})`;

/** The same for viewers that know no custom properties as well: they show the light one. */
const anyColour: Colour = (property, name) =>
  `${property}:${light[name] ?? ''};${declaredColour(property, name)}`;

/** A scheme as custom properties, for a page that has the graph's colours elsewhere as well. */
export function declared(scheme: Scheme): string {
  return Object.entries(properties(scheme))
    .map(([name, value]) => `${name}:${value}`)
    .join(';');
}

/**
 * The style of a graph. Every rule is about classes of its own, and two graphs in one page have the
 * same ones; there are no ids that could clash. A page may set the custom properties itself.
 */
export function style(): string {
  return [
    `.czar-run-graph{${declared(schemes.light)};font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}`,
    `@media (prefers-color-scheme:dark){.czar-run-graph{${declared(schemes.dark)}}}`,
    rules(anyColour),
  ].join('\n');
}

/** The style of graphs in a page that declares the custom properties, and a font, itself. */
export const styleInPage = (): string => rules(declaredColour);

const edges = (part: string): string =>
  ['open', 'taken', 'catch', 'plain-path'].map((kind) => `.czar-${kind}${part}`).join();

function rules(colour: Colour): string {
  const looks = Object.keys(schemes.light.looks) as Look[];
  const ofLook = (look: Look): string => {
    const name = lookClass(look);
    return [
      `.${name}>.czar-box{${colour('fill', `--${name}-fill`)};${colour('stroke', `--${name}-line`)}}`,
      `.${name}>.czar-icon{${colour('fill', `--${name}-line`)};${colour('stroke', `--${name}-fill`)}}`,
      `.${name}>text{${colour('fill', `--${name}-text`)}}`,
    ].join('');
  };
  return [
    `.czar-run-graph text{${colour('fill', '--czar-text')}}`,
    `.czar-run-graph .czar-quiet{${colour('fill', '--czar-quiet')}}`,
    `.czar-back{${colour('fill', '--czar-back')}}`,
    `.czar-panel{${colour('fill', '--czar-panel')};${colour('stroke', '--czar-panelLine')};stroke-width:1}`,
    `.czar-strip{${colour('fill', '--czar-back')}}`,
    `.czar-rule{${colour('stroke', '--czar-panelLine')};stroke-width:.5}`,
    '.czar-box{stroke-width:1.5}',
    '.czar-not-entered>.czar-box{stroke-dasharray:4 3}',
    '.czar-icon>circle{stroke:none}',
    '.czar-icon>path{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}',
    `.czar-run-graph .czar-number{${colour('fill', '--czar-text')}}`,
    `${edges('>path')}{fill:none;${colour('stroke', '--czar-path')};stroke-width:1.2;stroke-dasharray:4 4}`,
    `${edges('>polygon')}{${colour('fill', '--czar-path')}}`,
    `.czar-taken>path{${colour('stroke', '--czar-taken')};stroke-width:1.9;stroke-dasharray:none}`,
    `.czar-taken>polygon{${colour('fill', '--czar-taken')}}`,
    `.czar-catch>path{${colour('stroke', '--czar-caught-line')};stroke-width:1.9;stroke-dasharray:none}`,
    `.czar-catch>polygon{${colour('fill', '--czar-caught-line')}}`,
    `.czar-catch>text{${colour('fill', '--czar-caught-text')}}`,
    `.czar-plain-path>path{stroke-dasharray:none}`,
    ...looks.map(ofLook),
    '.czar-run-graph .czar-frame{fill:none}',
  ].join('\n');
}
