import { duration } from '../../audit/graph/words.ts';
import { grouped } from '../../audit/report/words.ts';
import type { DeviceReport } from '../../client/iot/device-report.ts';
import type { IngestRun } from '../../ingest/model/ingest-run.ts';
import type { SensorBatch } from '../../ingest/model/sensor-items.ts';
import { markup } from '../page/markup.ts';
import { At } from '../page/moments.ts';
import { Pill } from '../page/pill.ts';
import { Table } from '../page/table.ts';
import { SensorTabs } from './sensor-tabs.ts';

/** Runs of the ingest that are told. */
export const mostRuns = 20;
/** Batches of days that are told. */
const mostBatches = 60;

interface Told {
  readonly devices: readonly DeviceReport[];
  readonly batches: readonly SensorBatch[];
  readonly runs: readonly IngestRun[];
}

/** What has come of the devices. */
export const SensorsContent = ({ devices, batches, runs }: Told) =>
  markup`<h1>Sensors</h1>
    ${SensorTabs({ current: 'devices' })}
    ${devices.length === 0 ? markup`<p class="empty">No devices: <code>czar iot register</code> makes some.</p>` : Devices(devices)}
    <h2>Batches of days</h2>
    ${batches.length === 0 ? markup`<p class="empty">None yet.</p>` : Batches(batches.slice(-mostBatches).toReversed())}
    <h2>Runs of the ingest</h2>
    ${runs.length === 0 ? markup`<p class="empty">None yet.</p>` : Runs(runs)}`;

/** Where a deployment has no ingest. */
export const NoIngestContent = () =>
  markup`<h1>Sensors</h1><p class="notice">This study has no sensor ingest: it is deployed with <code>-c ingest=true</code>, and here with <code>czar local start --ingest</code>.</p>`;

const Devices = (devices: readonly DeviceReport[]) =>
  Table({
    caption: 'Devices: counts are of all time, as of the last run',
    columns: [
      { title: 'Device' },
      { title: 'State' },
      { title: 'Received', kind: 'n' },
      { title: 'Duplicates', kind: 'n' },
      { title: 'Rejected', kind: 'n' },
      { title: 'Missing', kind: 'n' },
      { title: 'Gaps', kind: 'n' },
      { title: 'Lag', kind: 'n' },
      { title: 'Clock', kind: 'n' },
      { title: 'Last message' },
      { title: 'Silent since' },
      { title: 'Aside' },
    ],
    rows: devices.map((report) => {
      const { device, status, silentSince } = report;
      return [
        markup`<code>${device}</code>`,
        DevicePill(report),
        grouped(status?.received ?? 0),
        grouped(status?.duplicates ?? 0),
        grouped(status?.rejected ?? 0),
        grouped(status?.missing ?? 0),
        grouped(status?.gaps ?? 0),
        span(status?.lagMs),
        span(status?.skewMs),
        At({ time: status?.lastReceivedAt }),
        At({ time: silentSince }),
        counts(status?.aside ?? {}),
      ];
    }),
  });

function DevicePill({ registeredAt, inServiceSince, revokedAt }: DeviceReport) {
  if (registeredAt === undefined)
    return Pill({ look: 'failed', code: 'UNREGISTERED', word: 'UNREGISTERED' });
  if (revokedAt !== undefined) return Pill({ look: 'aborted', code: 'REVOKED', word: 'REVOKED' });
  return inServiceSince === undefined
    ? Pill({ look: 'plain', code: 'REGISTERED', word: 'REGISTERED' })
    : Pill({ look: 'succeeded', code: 'IN_SERVICE', word: 'IN SERVICE' });
}

const Batches = (batches: readonly SensorBatch[]) =>
  Table({
    caption:
      'OPEN takes data; SEALED can be started; LATE has what came after, ASIDE what nobody could be given',
    columns: [
      { title: 'Day' },
      { title: 'Part' },
      { title: 'Batch' },
      { title: 'State' },
      { title: 'Objects', kind: 'n' },
      { title: 'Records', kind: 'n' },
      { title: 'Sealed' },
    ],
    rows: batches.map(({ day, part, number, batchId, state, objects, records, sealedAt }) => [
      day,
      number === 1 && part !== 'LATE' ? part : `${part} ${number}`,
      markup`<a href=${`/batches/${batchId}`}><code>${batchId}</code></a>`,
      Pill({ look: state === 'SEALED' ? 'plain' : 'running', code: state, word: state }),
      grouped(objects),
      grouped(records),
      At({ time: sealedAt }),
    ]),
  });

const Runs = (runs: readonly IngestRun[]) =>
  Table({
    caption: `The last ${mostRuns}, the newest first`,
    columns: [
      { title: 'Started' },
      { title: 'Run' },
      { title: 'Ended' },
      { title: 'Receipts', kind: 'n' },
      { title: 'Stored', kind: 'n' },
      { title: 'Duplicates', kind: 'n' },
      { title: 'Rejected', kind: 'n' },
      { title: 'Objects', kind: 'n' },
      { title: 'Backlog', kind: 'n' },
      { title: 'Troubles' },
    ],
    rows: runs.map(({ startedAt, run, poll, failure, troubles = [] }) => [
      At({ time: startedAt }),
      markup`<code>${run}</code>`,
      failure === undefined
        ? (poll?.ended ?? '–')
        : markup`<strong class="bad">FAILED</strong> ${failure.state}, <code>${failure.code}</code>`,
      poll?.receipts ?? 0,
      poll?.stored ?? 0,
      poll?.duplicates ?? 0,
      poll?.rejected ?? 0,
      poll?.objects ?? 0,
      poll?.backlog ?? 0,
      counts(Object.fromEntries(troubles.map(({ code, count }) => [code, count]))),
    ]),
  });

function counts(by: Readonly<Record<string, number>>): string {
  const some = Object.entries(by).filter(([, count]) => count > 0);
  return some.length === 0 ? '–' : some.map(([code, count]) => `${count} ${code}`).join(', ');
}

const span = (ms: number | undefined): string =>
  ms === undefined ? '–' : `${ms < 0 ? '−' : ''}${duration(Math.abs(ms))}`;
