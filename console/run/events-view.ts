import type { HistoryEvent } from '../../audit/history/history-event.ts';
import { grouped } from '../../audit/report/words.ts';
import { markup } from '../page/markup.ts';
import type { RunView } from './followed-run.ts';
import { viewAddress } from './run-head.ts';

/** Events on a page: a run of five workers has some three hundred. */
export const eventsOfPage = 500;

/** How many pages the events of a run fill. */
export const eventPages = (seen: RunView): number =>
  Math.max(1, Math.ceil(seen.events.length / eventsOfPage));

/** The events of the history, oldest first: their types, states and errors, and nothing that was passed along. */
export function EventsView({ seen, page }: { seen: RunView; page: number }) {
  const { events, record } = seen;
  const places = placesOf(events);
  const from = (page - 1) * eventsOfPage;
  const shown = events.slice(from, from + eventsOfPage);
  return markup`<p class="quiet">${grouped(events.length)} events${events.length > shown.length ? `, of which these are ${grouped(from + 1)} to ${grouped(from + shown.length)}` : ''}. Inputs, outputs and causes are not shown.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="List of events"><table class="dense">
      <caption class="unseen">Events, the oldest first</caption>
      <thead><tr><th scope="col" class="n">Id</th><th scope="col">Time</th><th scope="col">Type</th><th scope="col">State</th><th scope="col" class="n">Worker</th><th scope="col">Error</th><th scope="col" class="n">After</th></tr></thead>
      <tbody>${shown.map((event) => Row(event, places.get(event.id)))}</tbody>
    </table></div>
    ${Pages({ hash: record.execution.hash, page, pages: eventPages(seen) })}`;
}

/** Where an event stands. */
interface Place {
  readonly state?: string | undefined;
  readonly worker?: number | undefined;
}

/** An event belongs to the state and the worker that it descends from. */
function placesOf(events: readonly HistoryEvent[]): ReadonlyMap<number, Place> {
  const places = new Map<number, Place>();
  for (const { id, previousId, type, state, index } of events) {
    const before = places.get(previousId);
    const leaves = type.startsWith('MapState') || type.startsWith('Execution');
    const worker = type.startsWith('MapIteration') ? index : leaves ? undefined : before?.worker;
    const isIteration = type === 'MapIterationStarted' || type.startsWith('Execution');
    places.set(id, { state: state ?? (isIteration ? undefined : before?.state), worker });
  }
  return places;
}

function Row({ id, previousId, at, type, error }: HistoryEvent, place: Place | undefined) {
  const { state, worker } = place ?? {};
  const time = at.toISOString();
  return markup`<tr id=${`event-${id}`} data-event=${id} data-type=${type} data-state=${state} data-error=${error}>
    <th scope="row" class="n">${id}</th>
    <td><time datetime=${time}>${time.slice(0, 10)} ${time.slice(11, 23)}</time></td>
    <td>${type}</td>
    <td>${state ?? ''}</td>
    <td class="n">${worker === undefined ? '' : worker + 1}</td>
    <td>${error === undefined ? '' : markup`<code>${error}</code>`}</td>
    <td class="n">${previousId === 0 ? '' : previousId}</td>
  </tr>`;
}

function Pages({ hash, page, pages }: { hash: string; page: number; pages: number }) {
  if (pages === 1) return undefined;
  const address = viewAddress(hash, 'events');
  const links = Array.from({ length: pages }, (_, index) => index + 1).map(
    (number) =>
      markup`<a href=${`${address}?page=${number}`} aria-current=${number === page ? 'page' : undefined}>${number}</a>`,
  );
  return markup`<nav class="pages" aria-label="Pages">${links}</nav>`;
}
