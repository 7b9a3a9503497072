import { readdirSync, readFileSync } from 'node:fs';
import type { Outcome } from '../../../local/asl/drive.ts';
import type { HistoryEvent } from '../../../local/asl/history.ts';
import type { Json } from '../../../local/asl/json.ts';
import type { Script } from '../../../local/asl/scripted.ts';

/**
 * The corpus' reference matcher (see corpus/README.md), converted to TypeScript.
 *
 * Placeholders in the recordings are either bound to a value, or wildcards that match any value, whole or
 * inside a longer text.
 */

/** One recorded execution. */
export interface Case extends Script {
  readonly id: string;
  readonly queryLanguage: 'JSONata' | 'JSONPath' | 'mixed';
  /** Recorded in JSONPath, and here in JSONata that evaluates to the same. */
  readonly translated?: boolean;
  readonly expected: {
    readonly status: Outcome['status'];
    readonly output?: Json;
    readonly error?: string | null;
    readonly cause?: Json;
    readonly events: readonly Json[] | null;
  };
  readonly unordered?: boolean;
  readonly bindings?: Readonly<Record<string, string>>;
  readonly wildcards?: readonly string[];
}

/** One place where an execution differs from its recording. */
export interface Mismatch {
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

const corpus = new URL('corpus/', import.meta.url);

/**
 * Reads every case of the corpus, each once: one that was translated to JSONata stands for its JSONPath
 * original.
 */
export function readCorpus(): Case[] {
  const inJsonata = filesIn(corpus).flatMap((file) => readRecordings(file));
  const known = new Set(inJsonata.map(({ id }) => id));
  const inJsonPath = filesIn(new URL('jsonpath/', corpus)).flatMap((file) => readRecordings(file));
  return [...inJsonata, ...inJsonPath.filter(({ id }) => !known.has(id))];
}

/** Reads the cases of a file in the corpus' form. */
export function readRecordings(file: string | URL): Case[] {
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] };
  return cases;
}

function filesIn(folder: URL): URL[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => new URL(name, folder));
}

const IGNORED = new Set([
  'SdkHttpMetadata',
  'SdkResponseMetadata',
  'stackTrace',
  'roleArn',
  'timestamp',
]);

/** Compares status, output or error, and the text of the cause. */
export function matchOutcome(recorded: Case, actual: Outcome): Mismatch[] {
  const { status, output, error, cause } = recorded.expected;
  if (status !== actual.status)
    return [{ path: 'status', expected: status, actual: actual.status }];
  if (status === 'SUCCEEDED') return matchValue(output, parse(actual.output), recorded, 'output');
  return [
    ...(isAbsent(error) ? [] : matchValue(error, actual.error, recorded, 'error')),
    ...(isAbsent(cause) ? [] : matchValue(cause, actual.cause, recorded, '$.cause')),
  ];
}

/** Compares the types of the events alone, in order. */
export function matchEventTypes(recorded: Case, events: readonly HistoryEvent[]): Mismatch[] {
  const types = (list: readonly unknown[]): unknown[] => {
    const all = list.map((event) => (event as { type: string }).type);
    return recorded.unordered ? all.sort() : all;
  };
  const expected = types(recorded.expected.events ?? []);
  const actual = types(asRecorded(recorded, events));
  return JSON.stringify(expected) === JSON.stringify(actual)
    ? []
    : [{ path: 'types', expected, actual }];
}

/** Compares whole events, ids included; those of concurrent branches as a set and without ids. */
export function matchEvents(recorded: Case, events: readonly HistoryEvent[]): Mismatch[] {
  const expected = recorded.expected.events ?? [];
  const actual = asRecorded(recorded, events).map(parseTexts);
  if (expected.length !== actual.length) return matchEventTypes(recorded, events);
  if (!recorded.unordered) {
    return expected.flatMap((event, i) => matchValue(event, actual[i], recorded, `events[${i}]`));
  }
  const left = actual.map(withoutIds);
  return expected.map(withoutIds).flatMap((event) => {
    const found = left.findIndex(
      (candidate) => matchValue(event, candidate, recorded, '$').length === 0,
    );
    if (found < 0) return [{ path: 'events{}', expected: event, actual: undefined }];
    left.splice(found, 1);
    return [];
  });
}

/**
 * The recorder lost the event that ends a Parallel whose branches it sorted: the ids it kept skip one.
 */
function asRecorded(recorded: Case, events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const kept = recorded.expected.events ?? [];
  const lastId = (kept.at(-1) as { id: number } | undefined)?.id ?? 0;
  if (!recorded.unordered || lastId === kept.length) return events;
  return events.filter(
    ({ type }) => type !== 'ParallelStateSucceeded' && type !== 'ParallelStateFailed',
  );
}

function matchValue(expected: unknown, actual: unknown, recorded: Case, path: string): Mismatch[] {
  const miss = [{ path, expected, actual }];
  if (typeof expected === 'string') return matchText(expected, actual, recorded, path) ? [] : miss;
  if (expected === null || typeof expected !== 'object') return expected === actual ? [] : miss;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return miss;
    return expected.flatMap((element, i) =>
      matchValue(element, actual[i], recorded, `${path}[${i}]`),
    );
  }
  const object = parsedObject(actual);
  if (!object) return miss;
  const wanted = new Map(
    Object.entries(expected).map(([key, value]) => [bind(key, recorded), value as unknown]),
  );
  return [...new Set([...wanted.keys(), ...Object.keys(object)])]
    .filter((key) => !IGNORED.has(key))
    .flatMap((key) => {
      const at = `${path}.${key}`;
      if (wanted.has(key) !== key in object) {
        return [{ path: at, expected: wanted.get(key), actual: object[key] }];
      }
      return matchValue(wanted.get(key), object[key], recorded, at);
    });
}

function matchText(expected: string, actual: unknown, recorded: Case, path: string): boolean {
  if (recorded.wildcards?.includes(expected)) return actual !== undefined;
  if (typeof actual !== 'string') return false;
  const text = bind(expected, recorded);
  // The cause of a Lambda error is JSON, spaced differently by runtimes of different years.
  if (/\.cause$/i.test(path) && text.startsWith('{') && actual.startsWith('{')) {
    return matchValue(JSON.parse(text), JSON.parse(actual), recorded, `${path}(json)`).length === 0;
  }
  let pattern = escapePattern(text);
  for (const token of recorded.wildcards ?? []) {
    if (token.startsWith('<')) pattern = pattern.replaceAll(escapePattern(token), '[\\s\\S]+?');
  }
  return new RegExp(`^${pattern}$`).test(actual);
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function bind(text: string, { bindings = {} }: Case): string {
  return Object.entries(bindings).reduce(
    (bound, [name, value]) => bound.replaceAll(name, value),
    text,
  );
}

/** The recorder parsed every text that looks like an object, causes included. */
function parsedObject(value: unknown): Record<string, unknown> | undefined {
  const parsed = typeof value === 'string' && value.startsWith('{') ? parse(value) : value;
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    ? (parsed as Record<string, unknown>)
    : undefined;
}

function parseTexts(event: HistoryEvent): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).map(([key, details]: [string, unknown]) => {
      if (!key.endsWith('EventDetails')) return [key, details];
      const fields = Object.entries(details as Record<string, unknown>).map(([name, value]) => {
        if (name === 'assignedVariables')
          return [name, parseValues(value as Record<string, string>)];
        return [name, ['input', 'output', 'parameters'].includes(name) ? parse(value) : value];
      });
      return [key, Object.fromEntries(fields) as unknown];
    }),
  );
}

function parseValues(texts: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parse(text)]));
}

function parse(text: unknown): unknown {
  return typeof text === 'string' ? JSON.parse(text) : text;
}

function withoutIds(event: unknown): Record<string, unknown> {
  const { id: _id, previousEventId: _previous, ...rest } = event as Record<string, unknown>;
  return rest;
}
