import * as z from 'zod';
import { Assignment } from '../../ingest/model/sensor-items.ts';
import { queryItems, type Table, updateItem } from '../table.ts';

const prefix = 'FROM#';
const last = 'LAST';

/** One step in a device's assignments: one ends, another begins, or both at the same moment. */
const Change = z.strictObject({
  end: Assignment.pick({ from: true }).extend({ to: z.iso.datetime() }).optional(),
  begin: Assignment.pick({ from: true, subject: true }).optional(),
});
export type Change = z.infer<typeof Change>;

/** The last change that was decided: it may not be written into the assignments yet. */
const Last = z.object({ version: z.int().min(1), change: Change });

/** A device's assignments by their beginnings, and how many changes made them. */
export interface Snapshot {
  readonly version: number;
  readonly assignments: Assignment[];
}

/**
 * Reads a device's assignments as of one moment.
 *
 * A change that was decided is in them, also where whoever made it has not written it out, or has
 * died before.
 */
export async function readSnapshot(table: Table, device: string): Promise<Snapshot> {
  for (;;) {
    const decided = await readLast(table, device);
    const version = decided?.version ?? 0;
    const found = new Map<string, { version: number; assignment: Assignment }>();
    for await (const item of queryItems(table, device, prefix)) {
      const read = parse(item);
      found.set(read.assignment.from, read);
    }
    // Part of a later change: what the rest of it was is to be read with it.
    if ([...found.values()].some((read) => read.version > version)) continue;
    const { end, begin } = decided?.change ?? {};
    const ended = end === undefined ? undefined : found.get(end.from);
    if (end !== undefined && ended !== undefined && ended.version < version) {
      found.set(end.from, { version, assignment: { ...ended.assignment, to: end.to } });
    }
    if (begin !== undefined && (found.get(begin.from)?.version ?? 0) < version) {
      found.set(begin.from, { version, assignment: { device, ...begin } });
    }
    const assignments = [...found.values()].map(({ assignment }) => assignment);
    return { version, assignments: assignments.sort((a, b) => (a.from < b.from ? -1 : 1)) };
  }
}

/**
 * Changes a device's assignments in one conditional write, and then writes the change out.
 *
 * Answers false where they were changed since the snapshot was read. Every write of the second part
 * is fenced by the change's number, so that one which comes late undoes nothing.
 */
export async function change(
  table: Table,
  device: string,
  version: number,
  next: Change,
): Promise<boolean> {
  // Only then may the record of the one before go.
  const before = await readLast(table, device);
  if (before !== undefined) await writeOut(table, device, before);
  const decided = await updateItem(table, {
    partition: device,
    item: last,
    update: 'SET #version = :next, #change = :change',
    condition: version === 0 ? 'attribute_not_exists(#version)' : '#version = :version',
    names: { '#version': 'version', '#change': 'change' },
    values: {
      ...(version > 0 && { ':version': version }),
      ':next': version + 1,
      ':change': next,
    },
  });
  if (decided === undefined) return false;
  await writeOut(table, device, { version: version + 1, change: next });
  return true;
}

async function writeOut(
  table: Table,
  device: string,
  { version, change: { end, begin } }: z.infer<typeof Last>,
): Promise<void> {
  const isLater = 'attribute_not_exists(#version) OR #version < :version';
  if (end !== undefined) {
    await updateItem(table, {
      partition: device,
      item: prefix + end.from,
      update: 'SET #to = :to, #version = :version',
      condition: isLater,
      names: { '#to': 'to', '#version': 'version' },
      values: { ':to': end.to, ':version': version },
    });
  }
  if (begin !== undefined) {
    await updateItem(table, {
      partition: device,
      item: prefix + begin.from,
      update: 'SET #subject = :subject, #version = :version REMOVE #to',
      condition: isLater,
      names: { '#subject': 'subject', '#to': 'to', '#version': 'version' },
      values: { ':subject': begin.subject, ':version': version },
    });
  }
}

async function readLast(table: Table, device: string): Promise<z.infer<typeof Last> | undefined> {
  for await (const found of queryItems(table, device, last)) return Last.parse(found);
  return undefined;
}

/** The sort key is the beginning. */
function parse({ item, version, ...rest }: Record<string, unknown>): {
  version: number;
  assignment: Assignment;
} {
  const from = String(item).slice(prefix.length);
  return {
    version: z.int().default(0).parse(version),
    assignment: Assignment.parse({ ...rest, from }),
  };
}
