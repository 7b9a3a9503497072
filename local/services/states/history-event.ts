import type { EventDetails, HistoryEvent } from '../../asl/history.ts';

/** What executions carry: left out where a caller or a log is not to have it. */
const dataFields = new Set(['input', 'output', 'parameters', 'assignedVariables']);

function detailsEntry(event: HistoryEvent): [string, EventDetails] | undefined {
  const found = Object.entries(event).find(([key]) => key.endsWith('EventDetails'));
  return found as [string, EventDetails] | undefined;
}

/** The details of an event, whatever its type calls them. */
export function detailsOf(event: HistoryEvent): EventDetails | undefined {
  return detailsEntry(event)?.[1];
}

/** The event without what the execution carried; error names and causes stay. */
export function withoutData(event: HistoryEvent): HistoryEvent {
  const [key, details] = detailsEntry(event) ?? [];
  if (key === undefined || details === undefined) return event;
  const kept = Object.entries(details).filter(([field]) => !dataFields.has(field));
  return { ...event, [key]: Object.fromEntries(kept) };
}

/** The event as the API writes it: times in seconds since 1970. */
export function onTheWire(event: HistoryEvent): object {
  return { ...event, timestamp: event.timestamp.getTime() / 1000 };
}
