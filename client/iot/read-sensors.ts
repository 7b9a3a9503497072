import * as z from 'zod';
import { DeviceStatus, Gap, SensorBatch, Trouble } from '../../ingest/model/sensor-items.ts';
import { PollReply } from '../../ingest/model/poll-command.ts';
import { getItem, queryItems, type Table } from '../../ledger/table.ts';

const time = z.iso.datetime();

/** One run of the ingest, as far as a person reads it. */
export const IngestRun = z.object({
  run: z.string(),
  startedAt: time,
  /** Absent where the poll failed, or has not ended. */
  poll: z.object(PollReply.shape).optional(),
  failure: z.object({ state: z.string(), code: z.string() }).optional(),
  troubles: z.array(z.object({ code: Trouble, count: z.int() })).optional(),
});
export type IngestRun = z.infer<typeof IngestRun>;

/** Reads what has come of a device; undefined where nothing ever came. */
export async function getStatus(table: Table, device: string): Promise<DeviceStatus | undefined> {
  const found = await getItem(table, device, 'STATUS');
  return found === undefined ? undefined : z.object(DeviceStatus.shape).parse({ device, ...found });
}

/** Reads a device's gaps, silences with them, by time. */
export async function* listGaps(table: Table, device: string): AsyncGenerator<Gap, void> {
  const gaps: Gap[] = [];
  for (const prefix of ['GAP#', 'SILENCE#']) {
    for await (const found of queryItems(table, device, prefix)) {
      gaps.push(z.object(Gap.shape).parse({ device, ...found }));
    }
  }
  yield* gaps.sort((a, b) => Date.parse(a.from) - Date.parse(b.from));
}

/** Reads since when a device is silent; undefined where it is not. */
export async function silentSince(table: Table, device: string): Promise<string | undefined> {
  const silences = queryItems(table, device, 'SILENCE#', { backwards: true });
  // A silence is opened when the one before it is closed: the last is the only one that may be open.
  for await (const found of silences) {
    const { closedAt, from } = z.object(Gap.shape).parse({ device, ...found });
    return closedAt === undefined ? from : undefined;
  }
  return undefined;
}

/** Reads the batches of all days, by day. */
export async function* listSensorBatches(table: Table): AsyncGenerator<SensorBatch, void> {
  for await (const found of queryItems(table, 'BATCHES')) {
    yield z.object(SensorBatch.shape).parse(found);
  }
}

/** Reads the runs, newest first. */
export async function* listRuns(table: Table): AsyncGenerator<IngestRun, void> {
  for await (const found of queryItems(table, 'RUNS', undefined, { backwards: true })) {
    yield IngestRun.parse(found);
  }
}
