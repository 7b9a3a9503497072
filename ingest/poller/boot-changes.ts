import type { BootItem } from '../../ledger/sensors/boots.ts';
import type { LostGap } from '../../ledger/sensors/gaps.ts';
import { type CommittedBoot, type CommittedDevice, unpackMessages } from './commit-record.ts';
import type { DeviceMemory, KnownBootItem } from './device-memory.ts';
import { findGaps } from './find-gaps.ts';

/** What a commit makes of a boot. */
export interface BootChange {
  readonly known: KnownBootItem;
  /** Gap items to write, in this order. */
  readonly gaps: readonly LostGap[];
  /** By how much there are more of them than before: missing numbers, and gaps. */
  readonly missing: number;
  readonly gapCount: number;
}

/** Says what a commit makes of a device's boots: those that messages came of, and those that they told of. */
export async function bootChanges(
  { device, boots }: CommittedDevice,
  now: string,
  memory: DeviceMemory,
): Promise<BootChange[]> {
  const told = Map.groupBy(
    boots.filter(({ previous }) => previous !== undefined),
    ({ previous }) => previous?.boot,
  );
  const names = new Set([...boots.map(({ boot }) => boot), ...told.keys()]);
  const changes: BootChange[] = [];
  for (const boot of names) {
    if (boot === undefined) continue;
    const before = await memory.boot(device, boot);
    const committed = boots.find((one) => one.boot === boot);
    const lastAt = before.item.lastAt ?? (await endOfPrevious(device, committed, memory));
    changes.push(changeBoot(before, { committed, told: told.get(boot) ?? [], lastAt, now }));
  }
  return changes;
}

/** When the boot before a boot was heard of last: what is missing at a boot's beginning is missing since. */
async function endOfPrevious(
  device: string,
  committed: CommittedBoot | undefined,
  memory: DeviceMemory,
): Promise<number | undefined> {
  if (committed?.previous === undefined) return undefined;
  return (await memory.boot(device, committed.previous.boot)).item.lastAt;
}

interface News {
  readonly committed: CommittedBoot | undefined;
  /** Boots that say that this one was before them. */
  readonly told: readonly CommittedBoot[];
  readonly lastAt: number | undefined;
  readonly now: string;
}

function changeBoot({ item, open }: KnownBootItem, news: News): BootChange {
  const { committed, told, lastAt, now } = news;
  const received = new Map(
    unpackMessages(committed?.messages ?? '').map(({ seq, seconds }) => [seq, seconds]),
  );
  const { device, boot, highest } = item;
  const found = findGaps(
    { device, boot, highest, lastAt, open },
    { received, told: toldOf(told), now },
  );
  const times = [...received.values(), ...(item.firstAt === undefined ? [] : [item.firstAt])];
  const later = [...received.values(), ...(item.lastAt === undefined ? [] : [item.lastAt])];
  const missing = found.open.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0);
  const after: BootItem = {
    ...item,
    highest: found.highest,
    messages: item.messages + received.size,
    missing,
    gaps: found.open.length,
    ...(times.length > 0 && { firstAt: least(times), lastAt: -least(later.map((at) => -at)) }),
    ...(committed?.previous !== undefined && { previous: committed.previous }),
  };
  return {
    known: { item: after, open: found.open },
    gaps: found.writes,
    missing: missing - item.missing,
    gapCount: found.open.length - item.gaps,
  };
}

function toldOf(told: readonly CommittedBoot[]): { messages: number; at: number } | undefined {
  const messages = Math.max(0, ...told.map(({ previous }) => previous?.messages ?? 0));
  const at = told.flatMap(({ previousToldAt }) => previousToldAt ?? []);
  return at.length === 0 ? undefined : { messages, at: least(at) };
}

const least = (numbers: readonly number[]): number =>
  numbers.reduce((left, right) => Math.min(left, right));
