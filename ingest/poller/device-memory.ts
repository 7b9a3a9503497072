import { type Block, blockOf, getBlock } from '../../ledger/sensors/blocks.ts';
import { type BootItem, getBoot } from '../../ledger/sensors/boots.ts';
import { listOpenGaps, type OpenGap } from '../../ledger/sensors/gaps.ts';
import { getStatus } from '../../ledger/sensors/status.ts';
import type { Table } from '../../ledger/table.ts';
import { forEachBounded } from '../../runtime/for-each-bounded.ts';
import type { DeviceStatus } from '../model/sensor-items.ts';
import type { Incoming } from './read-message.ts';

/** A boot, and its open gaps. */
export interface KnownBootItem {
  readonly item: BootItem;
  readonly open: readonly OpenGap[];
}

/** Items held at most: 16 MiB of blocks. */
const mostHeld = 4_096;

/** Items read at once. */
const parallel = 16;

/**
 * What the table says of devices, read once.
 *
 * Right because its only writer is the owner of the lease, who holds it: it lives no longer than the run,
 * and whoever writes puts what is written here, too.
 */
export class DeviceMemory {
  readonly #table: Table;
  readonly #statuses = new Map<string, DeviceStatus>();
  readonly #boots = new Map<string, KnownBootItem>();
  readonly #blocks = new Map<string, Block>();

  constructor(table: Table) {
    this.#table = table;
  }

  /** Reads what sorting out some messages needs, at once, so that it need not wait for each of them. */
  async read(messages: readonly Pick<Incoming, 'device' | 'message'>[]): Promise<void> {
    const wanted = new Map<string, () => Promise<unknown>>();
    for (const { device, message } of messages) {
      const { boot, seq } = message;
      const block = blockOf(seq);
      wanted.set(device, () => this.status(device));
      wanted.set(`${device}#${boot}#${block}`, () => this.block(device, boot, block));
    }
    await forEachBounded(wanted.values(), parallel, async (read) => {
      await read();
    });
  }

  /** What has come of a device; all zeros where nothing did. */
  status(device: string): Promise<DeviceStatus> {
    return held(this.#statuses, device, async () => {
      const empty = { received: 0, duplicates: 0, rejected: 0, aside: {}, missing: 0, gaps: 0 };
      return (await getStatus(this.#table, device)) ?? { device, ...empty };
    });
  }

  /** Notes a status as it was written, or, where nothing is known of that, lets go of what was read. */
  setStatus(device: string, status: DeviceStatus | undefined): void {
    if (status === undefined) this.#statuses.delete(device);
    else this.#statuses.set(device, status);
  }

  boot(device: string, boot: string): Promise<KnownBootItem> {
    return held(this.#boots, `${device}#${boot}`, async () => {
      const item = await getBoot(this.#table, device, boot);
      if (item !== undefined) {
        return { item, open: await listOpenGaps(this.#table, { device, boot }, item.highest) };
      }
      return { item: { device, boot, highest: -1, messages: 0, missing: 0, gaps: 0 }, open: [] };
    });
  }

  /** The same of a boot. */
  setBoot({ device, boot }: Pick<BootItem, 'device' | 'boot'>, known?: KnownBootItem): void {
    if (known === undefined) this.#boots.delete(`${device}#${boot}`);
    else this.#boots.set(`${device}#${boot}`, known);
  }

  block(device: string, boot: string, block: number): Promise<Block> {
    return held(this.#blocks, `${device}#${boot}#${block}`, () =>
      getBlock(this.#table, device, boot, block),
    );
  }

  /** Lets go of all where it is too much. Between chunks, so that what one needs is there for all of it. */
  forgetSome(): void {
    for (const map of [this.#statuses, this.#boots, this.#blocks]) {
      if (map.size > mostHeld) map.clear();
    }
  }
}

async function held<T>(map: Map<string, T>, key: string, read: () => Promise<T>): Promise<T> {
  const found = map.get(key) ?? (await read());
  // Whoever read it first is right: two that hold different ones would undo each other's changes.
  const first = map.get(key) ?? found;
  map.set(key, first);
  return first;
}
