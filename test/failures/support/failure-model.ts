import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { type FaultKind, faultKinds } from './fault.ts';
import type { Cell } from './prove.ts';

/** What docs/failure-model.md says of a kind of fault besides what the prover measures. */
interface Story {
  /** What happens on AWS that the fault stands for. */
  readonly standsFor: string;
  readonly seen: string;
  readonly done: string;
}

const stories: Readonly<Record<FaultKind, Story>> = {
  'task throws a named error': {
    standsFor: 'A function ends with an error that the state machine knows',
    seen: 'Once: a retry in the run graph. Always: the batch FAILED with that name and a sentence',
    done: 'Retries transient errors with full jitter; a worker that cannot be had is tried on three machines; then evaporates and tells',
  },
  'task throws an unknown error': {
    standsFor: 'A defect in a function',
    seen: "The batch FAILED with the error's name",
    done: 'Retries nothing. A worker gets two more machines; else evaporates and tells',
  },
  'task times out': {
    standsFor: 'A function reaches its limit, or its answer never comes',
    seen: 'Once: a retry. Always: the batch FAILED with States.Timeout',
    done: "Calls the function again when Lambda ended it; a state's own time limit is final",
  },
  'answer lost after the effect': {
    standsFor:
      'The function did its work, and the connection broke before Step Functions heard of it',
    seen: 'A retry in the run graph',
    done: 'Calls again: every task finds its own work done and answers the same',
  },
  'task invoked twice at once': {
    standsFor: "Lambda's at-least-once delivery",
    seen: 'Nothing',
    done: 'Client tokens, grant names and conditional writes let one of the two have the effect',
  },
  'answer off contract': {
    standsFor: 'A function or a worker of another version answers',
    seen: 'The batch FAILED with States.QueryEvaluationError, where the answer was needed',
    done: 'Evaporates and tells. An answer that nothing reads does no harm',
  },
  'AWS throttles': {
    standsFor: 'Too many calls in the account',
    seen: 'Retries in the run graph',
    done: 'The SDK waits and tries again, then the state does, up to two minutes',
  },
  'AWS denies': {
    standsFor: 'A policy lost a statement',
    seen: 'The batch FAILED with PermissionError. Denied clean-up: an alarm, until the policy is mended',
    done: 'Retries nothing; the failure path and the sweeper go on with their own roles',
  },
  'reply of AWS lost after the effect': {
    standsFor: 'AWS did what was asked, and its reply did not come',
    seen: 'Nothing. A mail may come twice: SES has no token that would tell',
    done: 'The SDK repeats the call; tokens, names and conditions make the second one the first',
  },
  'machine lost': {
    standsFor: 'Hardware failure, or somebody terminates the instance',
    seen: 'Retire Worker and a second Launch Worker in the run graph',
    done: 'Its objects come back to the queue; a fresh machine takes them. Consolidation needs a machine that lives',
  },
  'machine frozen': {
    standsFor: 'The host hangs: no heartbeat',
    seen: 'The same, after three missed heartbeats',
    done: 'The same; what a machine that wakes up writes is refused',
  },
  'agent killed': {
    standsFor: 'Out of memory, or a crash of the agent',
    seen: 'The same, after three missed heartbeats',
    done: 'The same; nothing runs on behind a killed agent',
  },
  'machine never online': {
    standsFor: 'A boot that hangs, or a network without a way to SSM',
    seen: 'Await Worker takes ten minutes, then Retire Worker',
    done: 'Tries three machines',
  },
  'no room for machines': {
    standsFor: 'InsufficientInstanceCapacity, or the quota of dedicated hosts',
    seen: 'Fewer workers; with none the batch FAILED and says which of the two it was',
    done: 'Waits for room up to eight minutes a machine, goes on with those it got',
  },
  'execution stopped': {
    standsFor: 'Somebody presses Stop: no Catch runs',
    seen: 'ABORTED; a mail says that the batch FAILED',
    done: 'The sweeper, by the event of it, ends what ran, closes the batch, and has its evidence written',
  },
  'execution timed out': {
    standsFor: 'Seven days have passed: no Catch runs',
    seen: 'TIMED_OUT; a mail says that the batch FAILED',
    done: 'The same',
  },
  'orchestrator restarted': {
    standsFor: 'Step Functions itself moves to another machine (on a laptop: it is killed)',
    seen: 'Nothing',
    done: 'Goes on from its journal; what was in flight is asked again',
  },
};

const path = new URL('../../../docs/failure-model.md', import.meta.url);
const mutationsMarker = /(<!-- written by npm run mutations -- --write -->\n)[^]*?(?=\n<!-- cells)/;
const marker = /(<!-- cells: written by npm run failures -- --write -->\n)[^]*$/;

/** Reads what docs/failure-model.md says of each cell, by its state and fault. */
export function readDocumented(): ReadonlyMap<string, Pick<Cell, 'outcome' | 'states'>> {
  const rows = readFileSync(path, 'utf8').matchAll(
    /^\| (?<state>[^|]+?) +\| (?<fault>[^|]+?) +\| (?<outcome>[^|]+?) +\| *(?<states>\d+) *\|/gm,
  );
  return new Map(
    [...rows].map(({ groups: { state = '', fault = '', outcome = '', states = '' } = {} }) => [
      cellKey({ state, fault }),
      { outcome, states: Number(states) },
    ]),
  );
}

/** A thing taken out, and the test that misses it. */
export interface FoundMutation {
  readonly name: string;
  readonly foundBy: string;
}

declare module 'vitest' {
  interface TaskMeta {
    mutation?: FoundMutation;
  }
}

/** Names a cell. */
export const cellKey = ({ state, fault }: Pick<Cell, 'state' | 'fault'>): string =>
  `${state} ${fault}`;

/** Changes docs/failure-model.md. */
export async function rewrite(change: (text: string) => string): Promise<void> {
  const file = fileURLToPath(path);
  const options = { ...(await resolveConfig(file)), filepath: file };
  writeFileSync(file, await format(change(readFileSync(file, 'utf8')), options));
}

/** Writes the two tables of the page: what stands above them is written by hand. */
export function document(text: string, cells: readonly Cell[]): string {
  const tables = [
    '## Faults',
    '',
    ...table(
      ['Fault', 'Stands for', 'What the user sees', 'What the system does', 'Ends', 'Takes'],
      faultKinds.map((kind) => {
        const { standsFor, seen, done } = stories[kind];
        const ofKind = cells.filter((cell) => cell.kind === kind);
        return [kind, standsFor, seen, done, endsOf(ofKind), spanOf(ofKind)];
      }),
    ),
    '',
    `## The ${cells.length} cells`,
    '',
    ...table(
      ['State', 'Fault', 'Outcome', 'States', 'Takes', 'Swept'],
      cells.map(({ state, fault, outcome, states, seconds, sweeps }) => [
        state,
        fault,
        outcome,
        String(states),
        duration(seconds),
        sweeps === 0 ? '' : 'hourly',
      ]),
    ),
    '',
  ];
  if (!marker.test(text)) throw new Error('docs/failure-model.md has no place for the cells');
  return text.replace(marker, (_, head: string) => `${head}\n${tables.join('\n')}`);
}

/** Writes the list of mutations of docs/failure-model.md. */
export function documentMutations(text: string, mutations: readonly FoundMutation[]): string {
  if (!mutationsMarker.test(text)) throw new Error('docs/failure-model.md has no place for it');
  const rows = mutations.map(({ name, foundBy }) => [name, foundBy]);
  const lines = table(['Taken out', 'Missed by'], rows);
  return text.replace(mutationsMarker, (_, head: string) => `${head}\n${lines.join('\n')}\n`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function endsOf(cells: readonly Cell[]): string {
  const counts = Map.groupBy(cells, ({ outcome }) => outcome.split(' ')[0] ?? '');
  return [...counts].map(([status, { length }]) => `${length} ${status}`).join(', ');
}

function spanOf(cells: readonly Cell[]): string {
  if (cells.length === 0) return '';
  const seconds = cells.map((cell) => cell.seconds);
  return `${duration(Math.min(...seconds))} to ${duration(Math.max(...seconds))}`;
}

const duration = (seconds: number): string =>
  seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
