import { blockOf } from '../../ledger/sensors/blocks.ts';
import { isKeptAside, type KeptAside } from '../../ledger/sensors/kept-aside.ts';
import type { Table } from '../../ledger/table.ts';
import type { Assignment, DeviceItem, DeviceStatus } from '../model/sensor-items.ts';
import type { AsideReason, SensorRecord } from '../model/sensor-object.ts';
import type { DeviceMemory } from './device-memory.ts';
import { asideRecord, joinSubjects } from './join-subjects.ts';
import type { Incoming } from './read-message.ts';

/** What is to become of a message. */
export type Verdict =
  /** Of the number and content of one that came before. */
  | { readonly kind: 'duplicate'; readonly incoming: Incoming }
  | {
      readonly kind: 'new';
      readonly incoming: Incoming;
      readonly records: readonly SensorRecord[];
      /** False where the number stays open for the device's own message. */
      readonly counts: boolean;
    };

/** Why a whole message does not count as received for its device. */
const uncounted: readonly AsideReason[] = ['MISDIRECTED', 'UNREGISTERED', 'CONFLICT'];

/** What is known of a device while its messages are sorted out. */
export interface DeviceFile {
  readonly device: DeviceItem | undefined;
  readonly status: DeviceStatus;
  readonly assignments: readonly Assignment[];
}

/** What sorting out looks at. */
export interface Files {
  readonly table: Table;
  readonly memory: DeviceMemory;
  readonly fileOf: (device: string) => DeviceFile;
}

/**
 * Sorts messages out, one after the other in the order they were received by AWS: the first of a number
 * is the right one, within these and before them.
 */
export async function sortOut(messages: readonly Incoming[], files: Files): Promise<Verdict[]> {
  const seen = new Map<string, string>();
  const kept = new Set<string>();
  const verdicts: Verdict[] = [];
  for (const incoming of messages) {
    verdicts.push(await judge(incoming, { ...files, seen, kept }));
  }
  return verdicts;
}

interface Sorting extends Files {
  /** Digests of the numbers that were sorted out before. */
  readonly seen: Map<string, string>;
  /** Messages that do not count, and were sorted out before. */
  readonly kept: Set<string>;
}

async function judge(incoming: Incoming, sorting: Sorting): Promise<Verdict> {
  const { device, message, digest, receivedAt } = incoming;
  const file = sorting.fileOf(device);
  if (message.device !== device) return setAside(incoming, 'MISDIRECTED', sorting);
  if (file.device === undefined) return setAside(incoming, 'UNREGISTERED', sorting);

  const { boot, seq } = message;
  const key = `${device}#${boot}#${seq}`;
  const before =
    sorting.seen.get(key) ?? (await sorting.memory.block(device, boot, blockOf(seq))).digest(seq);
  if (before === digest) return { kind: 'duplicate', incoming };
  if (before !== undefined) return setAside(incoming, 'CONFLICT', sorting);
  // It may have come before its device was registered.
  if (await wasSetAside(incoming, sorting)) return { kind: 'duplicate', incoming };

  sorting.seen.set(key, digest);
  const { revokedAt } = file.device;
  const isRevoked = revokedAt !== undefined && receivedAt > Date.parse(revokedAt);
  const records = isRevoked
    ? [asideRecord(incoming, 'REVOKED')]
    : joinSubjects(incoming, file.assignments);
  return { kind: 'new', incoming, records, counts: true };
}

async function setAside(
  incoming: Incoming,
  reason: AsideReason,
  sorting: Sorting,
): Promise<Verdict> {
  if (await wasSetAside(incoming, sorting)) return { kind: 'duplicate', incoming };
  sorting.kept.add(keyOf(incoming));
  return { kind: 'new', incoming, records: [asideRecord(incoming, reason)], counts: false };
}

/** Reads the table only where the device's status says that there is something to be found. */
async function wasSetAside(incoming: Incoming, { kept, table, fileOf }: Sorting): Promise<boolean> {
  if (kept.has(keyOf(incoming))) return true;
  const { aside } = fileOf(incoming.device).status;
  if (!uncounted.some((reason) => (aside[reason] ?? 0) > 0)) return false;
  return isKeptAside(table, incoming.device, keptAsideOf(incoming));
}

/** How a message that does not count is known again. */
export function keptAsideOf({ message, digest }: Incoming): KeptAside {
  return { boot: message.boot, seq: message.seq, digest };
}

const keyOf = ({ device, message, digest }: Incoming): string =>
  `${device}#${message.boot}#${message.seq}#${digest}`;
