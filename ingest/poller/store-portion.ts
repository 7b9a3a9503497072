import type { ObjectBuilder } from './build-objects.ts';
import { commitNew, type CommitDeps } from './commit-chunk.ts';
import type { CommitRecord } from './commit-record.ts';
import type { Portion } from './portions.ts';
import { type DeviceFile, sortOut, type Verdict } from './sort-out.ts';
import { tallyDevices } from './tally-devices.ts';

/** A commit of this run: its id, and its time. */
interface Commit {
  readonly chunk: string;
  readonly at: string;
}

interface StoreDeps extends CommitDeps {
  readonly builder: ObjectBuilder;
  /** Devices and their assignments, as they are for the chunk. */
  readonly known: ReadonlyMap<string, Omit<DeviceFile, 'status'>>;
}

/** What became of a portion: its messages may be deleted. */
export interface StoredPortion {
  readonly verdicts: readonly Verdict[];
  readonly objects: number;
}

/**
 * Sorts a portion out, and receives it with one commit.
 *
 * @throws LeaseLostError; errors of AWS and of the disk as they are. Nothing is lost then: its messages
 * are in the queue, or the next poller ends the commit.
 */
export async function storePortion(
  { messages, unreadable }: Portion,
  { chunk, at }: Commit,
  deps: StoreDeps,
): Promise<StoredPortion> {
  const { memory, known, sensors, batches, builder } = deps;
  await memory.read(messages);
  const files = new Map<string, DeviceFile>();
  for (const device of new Set(messages.map((message) => message.device))) {
    const found = known.get(device) ?? { device: undefined, assignments: [] };
    files.set(device, { ...found, status: await memory.status(device) });
  }
  const fileOf = (device: string): DeviceFile => {
    const file = files.get(device);
    if (file === undefined) throw new Error('A device was not looked up.');
    return file;
  };
  const verdicts = await sortOut(messages, { table: sensors, memory, fileOf });
  const devices = tallyDevices(verdicts, unreadable);
  const objects = await builder.build(verdicts, batches);
  const record: CommitRecord = {
    version: 1,
    chunk,
    at,
    objects: objects.map(({ committed }) => committed),
    devices,
  };
  if (devices.length > 0) await commitNew({ record, objects }, deps);
  await deps.spool.remove(chunk);
  return { verdicts, objects: objects.length };
}
