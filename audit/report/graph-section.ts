import { EvidenceError } from '../evidence-error.ts';
import { drawRunGraph } from '../graph/run-graph.ts';
import type { RunEvidence } from '../read-run-record.ts';
import { type Content, drawn, markup } from './html.ts';
import { paragraphs, type Section } from './page-parts.ts';

type DrawnEvidence = Pick<RunEvidence, 'record' | 'definition'>;

/** The run graph, or why there is none. */
export function graphSection(evidence: DrawnEvidence): Section {
  return { id: 'graph', title: 'Run graph', body: graph(evidence) };
}

function graph({ record, definition }: DrawnEvidence): Content {
  try {
    const svg = forPage(drawRunGraph(definition, record));
    return markup`<div class="scroll graph" tabindex="0" role="region" aria-label="States and workers">${drawn(svg)}</div>
`;
  } catch (error) {
    // An older run outlives a change of the states; its other evidence is worth no less.
    if (!(error instanceof EvidenceError)) throw error;
    return paragraphs(`The graph cannot be drawn: ${error.message}.`);
  }
}

/**
 * A drawing without what the page has already: the style, and attributes for programs, which read the
 * record. Nothing else can match: a quote within a text of the drawing is escaped.
 */
const forPage = (svg: string): string =>
  svg.replace(/<style>[^<]*<\/style>\n/, '').replaceAll(/ data-[a-z]+="[^"]*"/g, '');
