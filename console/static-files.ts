import { readFileSync } from 'node:fs';
import type { Hono } from 'hono';
import { declared, schemes, style } from '../audit/graph/palette.ts';
import { columnStyle, timelineStyle } from '../audit/report/page-style.ts';

const file = (name: string): string =>
  readFileSync(new URL(`static/${name}`, import.meta.url), 'utf8');

/** The colours of the graph, and the report's tables and timeline, before the console's own rules. */
const stylesheet = [
  `:root{color-scheme:light dark;${declared(schemes.light)}}`,
  `@media (prefers-color-scheme:dark){:root{${declared(schemes.dark)}}}`,
  style(),
  columnStyle,
  timelineStyle,
  file('console.css'),
].join('\n');

const files = {
  '/static/console.css': [stylesheet, 'text/css; charset=utf-8'],
  '/static/console.js': [file('console.js'), 'text/javascript; charset=utf-8'],
  '/static/icon.svg': [file('icon.svg'), 'image/svg+xml'],
} as const;

/** Serves the style, the one script, and the icon. */
export function addStaticRoutes(app: Hono): void {
  for (const [path, [content, type]] of Object.entries(files)) {
    app.get(path, (context) => context.body(content, 200, { 'Content-Type': type }));
  }
}
