import type { DuckDBConnection } from '@duckdb/node-api';
import type { AsideReason, ValueFlag } from '../../ingest/model/sensor-object.ts';
import { readRows } from '../engine-row.ts';
import contract from './pipeline.json' with { type: 'json' };
import type { BlockFate } from './summarise-record.ts';

/*
 * Written out, not taken from the schemas: these would bring all of zod into the bundle. As keys, so that
 * the compiler misses one that is new.
 */
const valueFlags = namesOf<ValueFlag>({ IMPOSSIBLE: true, FUTURE: true });
const asideReasons = namesOf<AsideReason>({
  UNASSIGNED: true,
  UNREGISTERED: true,
  REVOKED: true,
  CONFLICT: true,
  MISDIRECTED: true,
});
const blockFates = namesOf<BlockFate>({
  JUDGED: true,
  RATE: true,
  SHORT: true,
  FLAT: true,
  NOISY: true,
  FEW_BEATS: true,
  NOT_ECG: true,
  LONGER_THAN_A_DAY: true,
});

/** `qc.json`: what a reader must know before trusting the tables. Every count stands there, also where it is 0. */
export async function qcReport(connection: DuckDBConnection, day: string): Promise<string> {
  const rows = await readRows(connection, `SELECT name, n FROM tallies WHERE kind = 'COUNT'`);
  const counts = new Map(rows.map((row) => [row.text('name'), Number(row.integer('n'))]));
  const count = (name: string): number => counts.get(name) ?? 0;
  const each = (prefix: string, names: readonly string[]): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, count(`${prefix} ${name}`)]));
  const report = {
    pipeline: contract.name,
    version: contract.version,
    day,
    records: count('records'),
    messages: await countMessages(connection),
    observations: {
      all: count('observations'),
      counted: count('observation counted'),
      ...each('observation', valueFlags),
      tooLarge: count('observation too large'),
      ofAnotherDay: count('observation of another day'),
    },
    waveforms: {
      all: count('waveforms'),
      counted: count('waveform counted'),
      ...each('waveform', valueFlags),
      ofAnotherDay: count('waveform of another day'),
      blocks: each('block', blockFates),
      intervalsNotCounted: count('interval outside'),
    },
    late: {
      moreThan15Minutes: count('late'),
      receivedOnAnotherDay: count('received on another day'),
    },
    aside: each('aside', asideReasons),
    correctedClocks: await readClocks(connection),
    devices: await readDevices(connection),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Messages, each once: where other content came under the number of one, there are several records. */
async function countMessages(connection: DuckDBConnection): Promise<number> {
  const [row] = await readRows(connection, 'SELECT count(*) AS n FROM messages');
  return Number(row?.integer('n') ?? 0n);
}

interface ClockReport {
  records: number;
  leastMs: number;
  mostMs: number;
}

/** By device: records whose times were corrected, and the range of the corrections. */
async function readClocks(connection: DuckDBConnection): Promise<Record<string, ClockReport>> {
  const rows = await readRows(
    connection,
    `SELECT name, n, low, high FROM tallies WHERE kind = 'CLOCK' ORDER BY name`,
  );
  return Object.fromEntries(
    rows.map((row) => [
      row.text('name'),
      {
        records: Number(row.integer('n')),
        leastMs: Number(row.integer('low')),
        mostMs: Number(row.integer('high')),
      },
    ]),
  );
}

/** By subject: the devices that its values came from, and in how many records. */
async function readDevices(
  connection: DuckDBConnection,
): Promise<Record<string, Record<string, number>>> {
  const rows = await readRows(
    connection,
    `SELECT subject, name, n FROM tallies WHERE kind = 'DEVICE' ORDER BY subject, name`,
  );
  const devices: Record<string, Record<string, number>> = {};
  for (const row of rows) {
    (devices[row.text('subject')] ??= {})[row.text('name')] = Number(row.integer('n'));
  }
  return devices;
}

function namesOf<Name extends string>(names: Record<Name, true>): string[] {
  return Object.keys(names);
}
