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
import type { RunEvidence } from '../../../audit/read-run-record.ts';
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
  /** The same as it is read from AWS. */
  readonly evidence: RunEvidence;
}

interface Line {
  readonly execution?: DescribedExecution & { readonly started: string; readonly ended?: string };
  readonly batch?: unknown;
  readonly object?: unknown;
  readonly mail?: RunRecord['mails'][number];
  readonly event?: RecordedEvent;
  readonly call?: unknown;
}

/** Reads a recorded run, and composes its record; `alter` may put more into its events. */
export async function readScene(
  name: SceneName,
  alter: (event: RecordedEvent) => RecordedEvent = (event) => event,
): Promise<Scene> {
  const lines = (await readLines(`${name}.jsonl`)) as Line[];
  const text = await readFile(new URL('definition.jsonl', fixtures), 'utf8');
  const definitionText = text.trimEnd();
  const { execution } = lines.find((line) => line.execution !== undefined)!;
  const { started, ended, ...described } = execution!;
  const events = lines.flatMap(({ event }) => (event === undefined ? [] : alter(event)));
  const read = events.map(readEvent);
  const history = foldHistory(read);
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
    definitionSha256: createHash('sha256').update(definitionText).digest('hex'),
    history,
    batch: isOpened ? BatchItem.parse(batch) : undefined,
    objects: isOpened
      ? lines.flatMap(({ object }) => (object === undefined ? [] : ObjectItem.parse(object)))
      : [],
    mails: lines.flatMap(({ mail }) => mail ?? []),
    calls,
    digests: undefined,
  });
  const definition = JSON.parse(definitionText) as unknown;
  const evidence = { record, definition, definitionText, events: read };
  return { events, definition, record, evidence };
}

async function readLines(name: string): Promise<unknown[]> {
  const text = await readFile(new URL(name, fixtures), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
