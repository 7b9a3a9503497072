import { getItem, type Table, updateItem } from '../table.ts';

/** Another poller took the lease over: nothing that this one still does may count. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
  readonly code = 'LeaseLostError';

  constructor(options?: ErrorOptions) {
    super('another poller has the lease', options);
  }
}

/** The right to write: an owner's number. A higher one is a later owner's. */
export interface Fence {
  readonly epoch: number;
}

/** A write of a whole item, which no poller undoes after its time. */
interface FencedWrite {
  readonly partition: string;
  readonly item: string;
  /** What the item has besides its keys; an undefined one is removed. */
  readonly values: Readonly<Record<string, unknown>>;
  /**
   * The commit that the write belongs to: where it counts something up, a second one is left out.
   * Ids of chunks sort as they were committed.
   */
  readonly chunk?: string;
  /** What must hold besides, of placeholders of `values`: `#name` and `:name`. */
  readonly condition?: string;
}

/**
 * Writes an item unless a later owner of the lease has written it.
 *
 * Answers false where the write of this chunk, or of a later one, is there already.
 *
 * @throws LeaseLostError where a later owner was here, or `condition` does not hold
 */
export async function writeFenced(
  table: Table,
  { epoch }: Fence,
  { partition, item, values, chunk, condition }: FencedWrite,
): Promise<boolean> {
  const all: Record<string, unknown> = { ...values, epoch, ...(chunk !== undefined && { chunk }) };
  const kept = Object.keys(all).filter((name) => all[name] !== undefined);
  const removed = Object.keys(all).filter((name) => all[name] === undefined);
  const conditions = ['(attribute_not_exists(#epoch) OR #epoch <= :epoch)'];
  if (chunk !== undefined) conditions.push('(attribute_not_exists(#chunk) OR #chunk < :chunk)');
  if (condition !== undefined) conditions.push(`(${condition})`);
  const set = `SET ${kept.map((name) => `#${name} = :${name}`).join(', ')}`;
  const remove = removed.map((name) => `#${name}`).join(', ');
  const written = await updateItem(table, {
    partition,
    item,
    update: remove === '' ? set : `${set} REMOVE ${remove}`,
    condition: conditions.join(' AND '),
    names: Object.fromEntries(Object.keys(all).map((name) => [`#${name}`, name])),
    values: Object.fromEntries(kept.map((name) => [`:${name}`, all[name]])),
  });
  if (written !== undefined) return true;
  if (chunk !== undefined) {
    const found = await getItem(table, partition, item);
    if (typeof found?.chunk === 'string' && found.chunk >= chunk) return false;
  }
  throw new LeaseLostError();
}
