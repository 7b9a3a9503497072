import { EvidenceError } from '../../audit/evidence-error.ts';
import { drawRunGraph } from '../../audit/graph/run-graph.ts';
import { markup, taken } from '../page/markup.ts';
import type { RunView } from './followed-run.ts';
import { viewAddress } from './run-head.ts';
import { stateId } from './state-id.ts';

/** The run's graph; each state leads to its rows in the table. */
export function GraphView({ seen: { record, definition } }: { seen: RunView }) {
  const table = viewAddress(record.execution.hash, 'table');
  const linkTo = (state: string): string => `${table}#${stateId(state)}`;
  try {
    const svg = drawRunGraph(definition, record, { linkTo });
    return markup`<div class="graph scroll" tabindex="0" role="region" aria-label="Run graph">${taken(svg)}</div>`;
  } catch (error) {
    // An older run outlives a change of the states; its other views are worth no less.
    if (!(error instanceof EvidenceError)) throw error;
    return markup`<p class="notice">The graph cannot be drawn: ${error.message}.</p>`;
  }
}
