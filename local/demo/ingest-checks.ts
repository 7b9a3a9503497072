import * as z from 'zod';
import { Gap } from '../../ingest/model/sensor-items.ts';
import { type FleetReport, totalOf } from '../../ingest/simulate/fleet-report.ts';
import { sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import { queryItems } from '../../ledger/table.ts';
import type { Czar } from './czar-on.ts';
import { ingestOf } from './ingest-polls.ts';
import { IngestStatus } from './ingest-status.ts';
import { openAs } from './open-as.ts';
import { countCanaries, countCanariesBelow } from './search-canaries.ts';
import type { Stage } from './stage.ts';

/** Holds what the sensor table counts against what the fleet did. */
export async function holdAgainst(
  report: FleetReport,
  { transcript }: Stage,
  czar: Czar,
): Promise<IngestStatus> {
  const status = IngestStatus.parse(await czar('operator', ['iot', 'status']));
  const sum = (of: (one: NonNullable<IngestStatus['devices'][number]['status']>) => number) =>
    status.devices.reduce((total, device) => total + (device.status ? of(device.status) : 0), 0);
  const conflicts = totalOf(report, 'conflicts');
  const received = sum((one) => one.received) - sum((one) => one.aside.CONFLICT ?? 0);
  transcript.check(
    'every message was received once',
    received === totalOf(report, 'distinct'),
    `received: ${received}; distinct ones sent: ${totalOf(report, 'distinct')}`,
  );
  transcript.check(
    'missing = dropped',
    sum((one) => one.missing) === totalOf(report, 'dropped'),
    `missing: ${sum((one) => one.missing)}; dropped: ${totalOf(report, 'dropped')}`,
  );
  transcript.check(
    'conflicts are set aside',
    sum((one) => one.aside.CONFLICT ?? 0) === conflicts,
    `set aside as CONFLICT: ${sum((one) => one.aside.CONFLICT ?? 0)}; sent: ${conflicts}`,
  );
  return status;
}

/** Holds the gap ledger against the numbers that were never sent: each gap, exactly. */
export async function compareGaps(
  report: FleetReport,
  { transcript }: Stage,
  czar: Czar,
): Promise<number> {
  const { gaps } = z
    .object({ gaps: z.array(Gap) })
    .parse(await czar('operator', ['iot', 'gaps', '--open']));
  const lost = gaps.filter(({ reason }) => reason === 'LOST');
  const name = (gap: Partial<Gap>): string =>
    [gap.device, gap.boot, gap.fromSeq, gap.toSeq].join(' ');
  const found = lost.map(name).sort();
  const injected = report.gaps.map(name).sort();
  transcript.check(
    'gaps found = gaps injected',
    JSON.stringify(found) === JSON.stringify(injected),
    `gaps found: ${found.length}; injected: ${injected.length}`,
  );
  return found.length;
}

/** No subject's code may stand anywhere but in the assignments and in what is encrypted. */
export async function searchForSubjects(subjects: readonly string[], stage: Stage): Promise<void> {
  const { state, transcript } = stage;
  const files = await countCanariesBelow(state.directory, subjects);
  transcript.check(
    'no subject in files',
    files.files > 0 && files.found === 0,
    `${files.found} in ${files.files} files of the cloud: access log, queues, function logs, mails, buckets`,
  );
  const { ledger } = await openAs(state, 'operator');
  const { sensorTable: name } = (await ingestOf(stage)).settings;
  const table = sensorTable(ledger.client, name);
  let text = '';
  for (const scope of ['DEVICES', 'BATCHES', 'RUNS', 'POLLER']) {
    text += JSON.stringify(await Array.fromAsync(queryItems(table, scope)));
  }
  const found = countCanaries(text, subjects);
  transcript.check(
    'no subject in the sensor table',
    text.length > 0 && found === 0,
    `${found} in the sensor table (${text.length} characters)`,
  );
}
