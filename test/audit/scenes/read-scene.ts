import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AccessRecord } from '../../../audit/access/access-record.ts';
import { RunCalls } from '../../../audit/access/run-calls.ts';
import {
  batchOf,
  composeRunRecord,
  type DescribedExecution,
  openedBatch,
} from '../../../audit/compose-run-record.ts';
import { foldHistory } from '../../../audit/history/fold-history.ts';
import { readEvent } from '../../../audit/history/history-event.ts';
import type { RunRecord } from '../../../audit/run-record.ts';
import { BatchItem, ObjectItem } from '../../../workflow/model/ledger-items.ts';

/** Where recorded runs lie: see record-scenes.ts. */
export const fixtures = new URL('../fixtures/', import.meta.url);

/** The recorded runs. */
export type SceneName = 'success' | 'refused' | 'failed' | 'aborted' | 'redriven' | 'forty';

export const sceneNames: readonly SceneName[] = [
  'success',
  'refused',
  'failed',
  'aborted',
  'redriven',
  'forty',
];

/** An event as it was recorded: what tests count in, besides the record. */
export interface RecordedEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  readonly stateEnteredEventDetails?: { readonly name: string };
  readonly [details: string]: unknown;
}

/** A recorded run. */
export interface Scene {
  readonly events: readonly RecordedEvent[];
  readonly definition: unknown;
  readonly record: RunRecord;
}

interface Line {
  readonly execution?: DescribedExecution & { readonly started: string; readonly ended?: string };
  readonly batch?: unknown;
  readonly object?: unknown;
  readonly mail?: RunRecord['mails'][number];
  readonly event?: RecordedEvent;
  readonly call?: unknown;
}

/** Reads a recorded run, and composes its record. */
export async function readScene(name: SceneName): Promise<Scene> {
  const lines = (await readLines(`${name}.jsonl`)) as Line[];
  const definition = await readFile(new URL('definition.jsonl', fixtures), 'utf8');
  const { execution } = lines.find((line) => line.execution !== undefined)!;
  const { started, ended, ...described } = execution!;
  const events = lines.flatMap(({ event }) => event ?? []);
  const history = foldHistory(events.map(readEvent));
  const batchId = batchOf(described.input);
  const { executionArn } = described;
  const calls = new RunCalls({ study: 'czarhipaa', executionArn, batchId });
  for (const { call } of lines) if (call !== undefined) calls.take(AccessRecord.parse(call));
  const isOpened = openedBatch(history);
  const batch = lines.find((line) => line.batch !== undefined)?.batch;
  const record = composeRunRecord({
    study: 'czarhipaa',
    execution: {
      ...described,
      started: new Date(started),
      ended: ended === undefined ? undefined : new Date(ended),
    },
    definitionSha256: createHash('sha256').update(definition.trimEnd()).digest('hex'),
    history,
    batch: isOpened ? BatchItem.parse(batch) : undefined,
    objects: isOpened
      ? lines.flatMap(({ object }) => (object === undefined ? [] : ObjectItem.parse(object)))
      : [],
    mails: lines.flatMap(({ mail }) => mail ?? []),
    calls,
    digests: undefined,
  });
  return { events, definition: JSON.parse(definition) as unknown, record };
}

async function readLines(name: string): Promise<unknown[]> {
  const text = await readFile(new URL(name, fixtures), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
