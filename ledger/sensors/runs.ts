import {
  type IngestExecution,
  type IngestFailure,
  IngestRun,
  ingestRunName,
  type RecordedPoll,
} from '../../ingest/model/ingest-run.ts';
import type { TroubleCount } from '../../ingest/model/sensor-items.ts';
import { getItem, queryItems, type Table, updateItem } from '../table.ts';

const partition = 'RUNS';

/** By time, then by name: in milliseconds, so that the text sorts as the time does. */
const sortKey = (run: IngestExecution): string =>
  `${new Date(run.startedAt).toISOString()}#${ingestRunName(run)}`;

function parse({ scope, item, ...rest }: Record<string, unknown>): IngestRun {
  return IngestRun.parse(rest);
}

/** Writes what a run's poll answered. A second call writes the same, and keeps the first one's time. */
export async function recordRun(
  table: Table,
  run: IngestExecution,
  { beganAt, poll }: { readonly beganAt: string; readonly poll: RecordedPoll },
  now: Date,
): Promise<void> {
  await updateItem(table, {
    partition,
    item: sortKey(run),
    update:
      'SET #run = :run, startedAt = :startedAt, beganAt = :beganAt, #poll = :poll, polledAt = if_not_exists(polledAt, :now)',
    names: { '#run': 'run', '#poll': 'poll' },
    values: {
      ':run': ingestRunName(run),
      ':startedAt': run.startedAt,
      ':beganAt': beganAt,
      ':poll': poll,
      ':now': now.toISOString(),
    },
  });
}

/** Writes what a run's report found, also where there was no poll. The last call's is kept. */
export async function recordReport(
  table: Table,
  run: IngestExecution,
  report: {
    readonly troubles: readonly TroubleCount[];
    readonly failure?: IngestFailure | undefined;
  },
  now: Date,
): Promise<void> {
  const { troubles, failure } = report;
  await updateItem(table, {
    partition,
    item: sortKey(run),
    update: `SET #run = :run, startedAt = :startedAt, troubles = :troubles, reportedAt = :now${failure === undefined ? '' : ', failure = :failure'}`,
    names: { '#run': 'run' },
    values: {
      ':run': ingestRunName(run),
      ':startedAt': run.startedAt,
      ':troubles': troubles,
      ':failure': failure,
      ':now': now.toISOString(),
    },
  });
}

/** Reads one run; undefined where nothing of it was recorded. */
export async function getRun(table: Table, run: IngestExecution): Promise<IngestRun | undefined> {
  const found = await getItem(table, partition, sortKey(run));
  return found === undefined ? undefined : parse(found);
}

/** Reads all runs, newest first. */
export async function* listRuns(table: Table): AsyncGenerator<IngestRun, void> {
  for await (const found of queryItems(table, partition, undefined, { backwards: true })) {
    yield parse(found);
  }
}
