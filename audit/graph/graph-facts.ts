import { EvidenceError } from '../evidence-error.ts';
import type { Outcome, RunRecord, StateVisit } from '../run-record.ts';
import type { MachineGraph } from './machine-graph.ts';

/** What a record says of one state, all stays in it together. */
export interface StateFacts {
  /** The gravest of its outcomes. */
  readonly outcome: Outcome | 'not entered';
  /** How many stays ended how. */
  readonly outcomes: ReadonlyMap<Outcome, number>;
  readonly entered: number;
  readonly retries: number;
  /** Errors that its stays ended with, and how many. */
  readonly errors: ReadonlyMap<string, number>;
  readonly shortestMs: number;
  readonly longestMs: number;
}

/** What a record says of one transition. */
export interface EdgeFacts {
  readonly taken: number;
  /** Errors that it was taken with, and how often. */
  readonly errors: ReadonlyMap<string, number>;
}

const gravest: readonly Outcome[] = ['running', 'failed', 'aborted', 'caught', 'succeeded'];

/** What a record says of a machine's states and transitions. */
export class GraphFacts {
  readonly #states: ReadonlyMap<string, readonly StateVisit[]>;
  readonly #edges = new Map<string, StateVisit[]>();

  /** @throws EvidenceError where the record has a state or a transition that the graph has not. */
  constructor(graph: MachineGraph, { states }: RunRecord) {
    const known = new Set(namesOf(graph));
    const possible = new Set(edgesOf(graph));
    const byId = new Map(states.map((visit) => [visit.id, visit]));
    for (const { state, cameFrom } of states) {
      if (!known.has(state)) throw unlike(`the definition has no state ${state}`);
      const from = cameFrom === undefined ? undefined : byId.get(cameFrom);
      if (from === undefined) continue;
      const key = edgeKey(from.state, state);
      if (!possible.has(key))
        throw unlike(`the definition does not go from ${from.state} to ${state}`);
      this.#edges.set(key, [...(this.#edges.get(key) ?? []), from]);
    }
    this.#states = Map.groupBy(states, ({ state }) => state);
  }

  state(name: string): StateFacts {
    const visits = this.#states.get(name) ?? [];
    const outcomes = count(visits.map(({ outcome }) => outcome));
    const lasted = visits.flatMap(({ started, ended }) =>
      ended === undefined ? [] : [Date.parse(ended) - Date.parse(started)],
    );
    return {
      outcome: gravest.find((outcome) => outcomes.has(outcome)) ?? 'not entered',
      outcomes,
      entered: visits.length,
      retries: visits.reduce((sum, { retries }) => sum + retries, 0),
      errors: count(visits.flatMap(({ error }) => error ?? [])),
      shortestMs: Math.min(...lasted),
      longestMs: Math.max(...lasted),
    };
  }

  edge(from: string, to: string): EdgeFacts {
    const visits = this.#edges.get(edgeKey(from, to)) ?? [];
    const caught = visits.filter(({ outcome }) => outcome === 'caught');
    return { taken: visits.length, errors: count(caught.flatMap(({ error }) => error ?? [])) };
  }
}

const edgeKey = (from: string, to: string): string => JSON.stringify([from, to]);

function namesOf({ nodes }: MachineGraph): string[] {
  return nodes.flatMap(({ name, inner }) => [name, ...(inner ? namesOf(inner) : [])]);
}

function edgesOf({ nodes, edges }: MachineGraph): string[] {
  const own = edges.map(({ from, to }) => edgeKey(from, to));
  return [...own, ...nodes.flatMap(({ inner }) => (inner ? edgesOf(inner) : []))];
}

function count<Key>(keys: readonly Key[]): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function unlike(why: string): EvidenceError {
  return new EvidenceError(`record and definition are not of one machine: ${why}`);
}
