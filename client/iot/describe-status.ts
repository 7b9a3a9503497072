import type { SensorBatch } from '../../ingest/model/sensor-items.ts';
import { columns } from './columns.ts';
import type { DeviceReport } from './device-report.ts';
import type { IngestRun } from '../../ingest/model/ingest-run.ts';

/** Batches that a person is shown besides those that are not sealed; `--json` has all. */
const mostBatches = 14;

/** A table of devices. */
export function describeDevices(devices: readonly DeviceReport[]): string {
  if (devices.length === 0) return 'no devices: czar iot register makes some';
  const headings = [
    'device',
    'state',
    'received',
    'duplicates',
    'aside',
    'rejected',
    'missing',
    'gaps',
    'last message',
    'lag',
    'clock',
    'silent',
  ];
  const rows = devices.map((report) => {
    const { device, status, silentSince = '-' } = report;
    return [
      device,
      stateOf(report),
      status?.received ?? 0,
      status?.duplicates ?? 0,
      describeCounts(status?.aside ?? {}),
      status?.rejected ?? 0,
      status?.missing ?? 0,
      status?.gaps ?? 0,
      status?.lastReceivedAt ?? '-',
      duration(status?.lagMs),
      duration(status?.skewMs),
      silentSince === '-' ? '-' : `since ${silentSince}`,
    ];
  });
  return columns(headings, rows);
}

function stateOf({ registeredAt, inServiceSince, revokedAt }: DeviceReport): string {
  if (registeredAt === undefined) return 'UNREGISTERED';
  if (revokedAt !== undefined) return 'REVOKED';
  return inServiceSince === undefined ? 'REGISTERED' : 'IN SERVICE';
}

/** A table of the batches of the last days, and of all that take data still. */
export function describeBatches(batches: readonly SensorBatch[]): string {
  if (batches.length === 0) return 'no batches yet';
  const firstShown = batches.length - mostBatches;
  const shown = batches.filter(({ state }, index) => state !== 'SEALED' || index >= firstShown);
  const rows = shown.map(({ day, part, number, state, batchId, objects, records }) => [
    day,
    number === 1 && part !== 'LATE' ? part : `${part} ${number}`,
    batchId,
    state,
    objects,
    records,
  ]);
  const left = batches.length - shown.length;
  const more = left === 0 ? '' : `\nand ${left} earlier ones, all SEALED (--json has them)`;
  return columns(['day', 'part', 'batch', 'state', 'objects', 'records'], rows) + more;
}

/** A table of runs. */
export function describeRuns(runs: readonly IngestRun[]): string {
  if (runs.length === 0) return 'no runs yet';
  const rows = runs.map(({ startedAt, run, poll, failure, troubles = [] }) => [
    startedAt,
    run,
    failure === undefined ? (poll?.ended ?? '-') : `FAILED: ${failure.state}, ${failure.code}`,
    poll?.receipts ?? 0,
    poll?.stored ?? 0,
    poll?.duplicates ?? 0,
    poll?.rejected ?? 0,
    poll?.objects ?? 0,
    poll?.backlog ?? 0,
    describeCounts(Object.fromEntries(troubles.map(({ code, count }) => [code, count]))),
  ]);
  const headings = ['run of', 'run', 'ended', 'receipts', 'stored', 'duplicates'];
  return columns([...headings, 'rejected', 'objects', 'backlog', 'troubles'], rows);
}

/** Counts by code, without those that are none. */
function describeCounts(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? '-' : some.map(([code, count]) => `${count} ${code}`).join(', ');
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** A time span in its largest unit. */
function duration(ms: number | undefined): string {
  if (ms === undefined) return '-';
  const [size, unit] = units.find(([least]) => Math.abs(ms) >= least) ?? [1, 'ms'];
  return `${(ms / size).toFixed(unit === 'ms' ? 0 : 1)} ${unit}`;
}
