import { getItem, type Table } from '../table.ts';
import { type Fence, writeFenced } from './fence.ts';

/**
 * A message that was set aside and does not count as received for its device: its boot, number and
 * content. A number of its own tells whether it comes again, because no block has it.
 */
export interface KeptAside {
  readonly boot: string;
  readonly seq: number;
  /** The short digest of its payload. */
  readonly digest: string;
}

const sortKey = ({ boot, seq, digest }: KeptAside): string =>
  `ASIDE#${boot}#${String(seq).padStart(10, '0')}#${digest}`;

/** Says whether a message was set aside before. */
export async function isKeptAside(
  table: Table,
  device: string,
  message: KeptAside,
): Promise<boolean> {
  return (await getItem(table, device, sortKey(message))) !== undefined;
}

/**
 * Notes that a message was set aside.
 *
 * @throws LeaseLostError
 */
export async function noteKeptAside(
  table: Table,
  fence: Fence,
  device: string,
  message: KeptAside,
): Promise<void> {
  await writeFenced(table, fence, { partition: device, item: sortKey(message), values: {} });
}
