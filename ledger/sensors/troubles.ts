import * as z from 'zod';
import { Trouble } from '../../ingest/model/sensor-items.ts';
import { getItem, type Table, updateItem } from '../table.ts';

const key = { partition: 'TROUBLES', item: 'LAST' } as const;
const time = z.iso.datetime();

/** A trouble that goes on is told again after this, in milliseconds: a day. */
export const toldAgainMs = 24 * 3_600_000;

/** What was told last, and when. */
export const ToldTroubles = z.strictObject({
  /** The run whose mail went out last. */
  run: z.string().optional(),
  toldAt: time.optional(),
  /** Each code that was ever told, with the time of the last mail that had it. */
  told: z.partialRecord(Trouble, time).optional(),
  /** Until then somebody sends a mail: see {@link reserveTelling}. */
  reservedUntil: time.optional(),
});
export type ToldTroubles = z.infer<typeof ToldTroubles>;

/** Reads what was told last; empty where nothing ever was. */
export async function readTold(table: Table): Promise<ToldTroubles> {
  const { scope, item, ...rest } = (await getItem(table, key.partition, key.item)) ?? {};
  return ToldTroubles.parse(rest);
}

/**
 * Reserves the next mail for one sender, for so many seconds: whoever else wants to send one is to wait.
 *
 * Answers false where another sender has it reserved, or one went out since `last` was read. A sender
 * that died lets its time pass, and the next one sends the mail: twice, perhaps, and never not at all.
 */
export async function reserveTelling(
  table: Table,
  last: ToldTroubles,
  seconds: number,
  now: Date,
): Promise<boolean> {
  const isAsRead =
    last.toldAt === undefined ? 'attribute_not_exists(toldAt)' : 'toldAt = :lastToldAt';
  const reserved = await updateItem(table, {
    ...key,
    update: 'SET reservedUntil = :until',
    condition: `${isAsRead} AND (attribute_not_exists(reservedUntil) OR reservedUntil <= :now)`,
    values: {
      ':until': new Date(now.getTime() + seconds * 1000).toISOString(),
      ':now': now.toISOString(),
      ':lastToldAt': last.toldAt,
    },
  });
  return reserved !== undefined;
}

/** Gives a mail back that could not be sent. */
export async function releaseTelling(table: Table): Promise<void> {
  await updateItem(table, { ...key, update: 'REMOVE reservedUntil' });
}

/** Notes that a mail with these codes went out. */
export async function recordTold(
  table: Table,
  { run, codes, last }: { run: string; codes: readonly Trouble[]; last: ToldTroubles },
  now: Date,
): Promise<void> {
  const toldNow = Object.fromEntries(codes.map((code) => [code, now.toISOString()]));
  await updateItem(table, {
    ...key,
    update: 'SET #run = :run, toldAt = :now, told = :told REMOVE reservedUntil',
    names: { '#run': 'run' },
    values: { ':run': run, ':now': now.toISOString(), ':told': { ...last.told, ...toldNow } },
  });
}
