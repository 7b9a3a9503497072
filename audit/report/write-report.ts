import { createHash } from 'node:crypto';
import type { RunEvidence } from '../read-run-record.ts';
import { controlsSection } from './controls.ts';
import { costSection } from './cost.ts';
import { evaporationSection } from './evaporation-section.ts';
import { graphSection } from './graph-section.ts';
import { markup, Html } from './html.ts';
import { keySection } from './key-life.ts';
import { mailsSection } from './mails.ts';
import { objectsSection } from './objects.ts';
import type { Section } from './page-parts.ts';
import { pageStyle } from './page-style.ts';
import { sourcesSection } from './sources.ts';
import { statusBadge, summary } from './summary.ts';
import { timelineSection } from './timeline-section.ts';
import { moment } from './words.ts';

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing is loaded and nothing runs: only the page's style applies. */
const policy = [
  "default-src 'none'",
  `style-src ${hashOf(pageStyle)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * Writes the report of an execution: one HTML file that needs nothing else.
 *
 * It holds no script, no font and no address, follows the reader's light or dark scheme, and prints.
 * Free of PHI as the record is. The same evidence gives the same bytes: no time of writing is in it.
 * A thousand objects take less than 300 KB, on forty workers as well.
 */
export function writeReport({
  record,
  definition,
}: Pick<RunEvidence, 'record' | 'definition'>): string {
  const sections = [
    summary(record),
    graphSection({ record, definition }),
    timelineSection(record),
    objectsSection(record),
    keySection(record),
    mailsSection(record),
    costSection(record),
    evaporationSection(record),
    controlsSection(record),
    sourcesSection(record),
  ];
  const { study, execution, request } = record;
  const name = request.batchId ?? execution.hash;
  const until = execution.ended === undefined ? 'still running' : `to ${moment(execution.ended)}`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Evidence of ${name}: ${execution.status}</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<header>
<p class="kind">Evidence of a run</p>
<h1>Batch <code>${request.batchId ?? 'not read'}</code> ${statusBadge(record)}</h1>
<p class="meta">Study ${study} · execution ${execution.hash} · ${moment(execution.started)} ${until} · all times UTC</p>
</header>
<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main>
${sections.map(written)}</main>
<footer><p>Made by czarhipaa from a record of execution ${execution.hash}. Holds opaque ids, counts, times and digests of ciphertext; of names, only those of sessions of the staff who acted.</p></footer>
</body>
</html>
`.text;
}

const written = ({ id, title, body }: Section): Html =>
  markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>
`;
