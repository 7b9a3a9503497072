import * as z from 'zod';
import { Gap } from '../../ingest/model/sensor-items.ts';
import { queryItems, type Table } from '../table.ts';
import { type Fence, writeFenced } from './fence.ts';

const LostGap = z.object({
  ...Gap.shape,
  reason: z.literal('LOST'),
  boot: Gap.shape.boot.unwrap(),
  fromSeq: Gap.shape.fromSeq.unwrap(),
  toSeq: Gap.shape.toSeq.unwrap(),
});
/** Numbers of a boot that did not come. */
export type LostGap = z.infer<typeof LostGap>;

/** Reads gaps of either kind; what only the table needs is dropped. */
const AnyGap = z.object(Gap.shape);

const prefix = 'GAP#';

const sortKey = ({ boot, fromSeq }: Pick<LostGap, 'boot' | 'fromSeq'>): string =>
  `${prefix}${boot}#${String(fromSeq).padStart(10, '0')}`;

/** An open gap as it is read. */
export interface OpenGap extends LostGap {
  /**
   * Set where the item covers more than the gap: up to here. A split of it was interrupted, and its right
   * part is an item of its own already.
   */
  readonly coversTo?: number;
}

/**
 * Reads the open gaps of a boot up to a number, in order.
 *
 * Gaps beyond `highest` are of an apply that was interrupted before the boot's item was written: that
 * is done again, and makes them again.
 */
export async function listOpenGaps(
  table: Table,
  { device, boot }: { device: string; boot: string },
  highest: number,
): Promise<OpenGap[]> {
  const open: LostGap[] = [];
  for await (const item of queryItems(table, device, `${prefix}${boot}#`)) {
    const gap = LostGap.parse(item);
    if (gap.closedAt === undefined && gap.fromSeq <= highest) open.push(gap);
  }
  return untangle(open);
}

/**
 * Cuts open gaps that overlap: a split writes its right part first, so the left one still covers both,
 * and the number between them.
 */
function untangle(gaps: readonly LostGap[]): OpenGap[] {
  return gaps.map((gap, index) => {
    const next = gaps[index + 1];
    if (next === undefined || gap.toSeq < next.fromSeq) return gap;
    return { ...gap, toSeq: next.fromSeq - 2, coversTo: next.fromSeq - 1 };
  });
}

/**
 * Writes a gap as it is after a chunk, once for each chunk.
 *
 * @throws LeaseLostError
 */
export async function putGap(
  table: Table,
  fence: Fence,
  gap: LostGap,
  chunk: string,
): Promise<void> {
  const values: Readonly<Record<string, unknown>> = gap;
  await writeFenced(table, fence, { partition: gap.device, item: sortKey(gap), values, chunk });
}

/**
 * Reads all gaps of a device, open and closed, lost messages and silences, by time.
 *
 * All of them are held to be sorted: a device that is well has few.
 */
export async function* listGaps(table: Table, device: string): AsyncGenerator<Gap> {
  const gaps: Gap[] = [];
  for (const kind of [prefix, 'SILENCE#']) {
    for await (const item of queryItems(table, device, kind)) gaps.push(AnyGap.parse(item));
  }
  yield* gaps.sort((left, right) => Date.parse(left.from) - Date.parse(right.from));
}
