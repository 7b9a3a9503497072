import { readMachineGraph, type MachineGraph } from '../../audit/graph/machine-graph.ts';
import type { StateVisit } from '../../audit/run-record.ts';
import { markup } from '../page/markup.ts';
import { At, Lasted } from '../page/moments.ts';
import { OutcomePill } from '../page/pill.ts';
import type { RunView } from './followed-run.ts';
import { stateId } from './state-id.ts';

/** Every state, and every stay in it: those that the graph shows, those that were not entered among them. */
export function TableView({ seen: { record, definition } }: { seen: RunView }) {
  const byState = Map.groupBy(record.states, ({ state }) => state);
  const names = new Set([...byState.keys(), ...namesIn(readMachineGraph(definition))]);
  const groups = [...names].map((state) =>
    Group({ state, visits: (byState.get(state) ?? []).toSorted(byWorker) }),
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Table of states"><table class="dense states">
      <caption class="unseen">States in the order in which they were entered, with every stay in them</caption>
      <thead><tr><th scope="col">State</th><th scope="col">Worker</th><th scope="col">Outcome</th><th scope="col">Entered</th><th scope="col" class="n">Duration</th><th scope="col" class="n">Retries</th><th scope="col">Error</th></tr></thead>
      ${groups}
    </table></div>`;
}

/** Within a state, workers stand in their order, and a worker's stays in time's. */
const byWorker = (a: StateVisit, b: StateVisit): number =>
  (a.worker?.index ?? 0) - (b.worker?.index ?? 0) || a.id - b.id;

const namesIn = ({ nodes }: MachineGraph): string[] =>
  nodes.flatMap(({ name, inner }) => [name, ...(inner ? namesIn(inner) : [])]);

function Group({ state, visits }: { state: string; visits: readonly StateVisit[] }) {
  const id = stateId(state);
  const [first] = visits;
  const name = (rows: number) =>
    markup`<th scope="rowgroup" rowspan=${rows}>${state}${first === undefined ? undefined : markup` <small class="quiet">${first.type}${visits.length === 1 ? '' : ` ×${visits.length}`}</small>`}</th>`;
  if (first === undefined) {
    return markup`<tbody id=${id} data-state=${state} data-entered="0"><tr data-outcome="not entered">${name(1)}<td></td><td>${OutcomePill({ outcome: 'not entered' })}</td><td colspan="4"></td></tr></tbody>`;
  }
  return markup`<tbody id=${id} data-state=${state} data-entered=${visits.length}>
    ${visits.map((visit, index) => markup`<tr id=${`visit-${visit.id}`} data-visit=${visit.id} data-outcome=${visit.outcome}>${index === 0 ? name(visits.length) : undefined}${Cells(visit)}</tr>`)}
  </tbody>`;
}

function Cells({ worker, outcome, started, ended, retries, error, redrive }: StateVisit) {
  return markup`<td>${worker === undefined ? '' : `${worker.index + 1}.${worker.attempt}`}${redrive === 0 ? undefined : markup` <small class="quiet">redrive ${redrive}</small>`}</td>
    <td>${OutcomePill({ outcome })}</td>
    <td>${At({ time: started })}</td>
    <td class="n">${Lasted({ from: started, to: ended })}</td>
    <td class="n">${retries === 0 ? '' : retries}</td>
    <td>${error === undefined ? '' : markup`<code>${error}</code>`}</td>`;
}
