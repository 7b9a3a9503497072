import type { ConsoleFacts } from '../console-facts.ts';
import { type Content, markup, write } from './markup.ts';

/** The parts of the console, as its navigation names them. */
export const parts = {
  runs: ['/runs', 'Runs'],
  start: ['/start', 'Start a run'],
  batches: ['/batches', 'Batches'],
  mails: ['/mails', 'Mails'],
  sensors: ['/sensors', 'Sensors'],
  questions: ['/questions', 'Questions'],
} as const;

/** One page of the console. */
export interface Page {
  readonly title: string;
  readonly part?: keyof typeof parts;
  readonly content: Content;
  /** Where the page's changes come from; a page without one stays as it is. */
  readonly live?: string;
  /** For whoever was not let in: nothing of the study, and no way on. */
  readonly isBare?: boolean;
}

/** Writes a whole page; it is complete without its script. */
export function writePage(
  { title, part, content, live, isBare }: Page,
  facts: ConsoleFacts,
): string {
  const page = markup`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${`${title} · czarhipaa console`}</title>
      <link rel="stylesheet" href="/static/console.css" />
      <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
      <script src="/static/console.js" defer></script>
    </head>
    <body data-live=${live}>
      <a class="skip" href="#main">Skip to the content</a>
      ${isBare === true ? undefined : Bar({ part, facts })}
      <main id="main" tabindex="-1">${content}</main>
      <div id="announcer" class="unseen" aria-live="polite"></div>
      <footer>
        ${live === undefined ? undefined : LiveState()}
        <p>Shows opaque ids, counts, times and codes: nothing of the data. All times are UTC.</p>
      </footer>
    </body>
  </html>`;
  return `<!doctype html>${write(page)}`;
}

function Bar({ part, facts }: { part: keyof typeof parts | undefined; facts: ConsoleFacts }) {
  const links = Object.entries(parts).map(
    ([key, [href, name]]) =>
      markup`<li><a href=${href} aria-current=${key === part ? 'page' : undefined}>${name}</a></li>`,
  );
  return markup`<header class="bar">
    <a class="brand" href="/runs">czarhipaa <span>console</span></a>
    <nav aria-label="Console"><ul>${links}</ul></nav>
    <p class="place">
      Study <strong>${facts.study}</strong> · ${facts.place}${facts.isReadOnly ? ' · read-only' : ''}
    </p>
  </header>`;
}

/** Says whether the page follows what it shows; the script fills it in. */
function LiveState() {
  return markup`<p id="live" class="live" data-state="off">Reload the page to see changes: following them takes JavaScript.</p>`;
}
