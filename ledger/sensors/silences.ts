import { Gap } from '../../ingest/model/sensor-items.ts';
import { queryItems, type Table, updateItem } from '../table.ts';

const prefix = 'SILENCE#';

/** In milliseconds, so that the text sorts as the time does. */
const sortKey = (from: string): string => prefix + new Date(from).toISOString();

function parse({ scope, item, ...rest }: Record<string, unknown>): Gap {
  return Gap.parse(rest);
}

/**
 * Reads the last silence of a device: the only one that can be open, because none is opened before
 * the one before it is closed.
 */
export async function lastSilence(table: Table, device: string): Promise<Gap | undefined> {
  for await (const found of queryItems(table, device, prefix, { backwards: true })) {
    return parse(found);
  }
  return undefined;
}

/**
 * Opens a silence: the device sends nothing since `from`.
 *
 * A second call changes nothing, also after it was closed. Answers the silence as it is.
 */
export async function openSilence(
  table: Table,
  { device, from }: Pick<Gap, 'device' | 'from'>,
  now: Date,
): Promise<Gap> {
  const opened = await updateItem(table, {
    partition: device,
    item: sortKey(from),
    update:
      'SET device = if_not_exists(device, :device), reason = if_not_exists(reason, :reason), #from = if_not_exists(#from, :from), foundAt = if_not_exists(foundAt, :now)',
    names: { '#from': 'from' },
    values: {
      ':device': device,
      ':reason': 'SILENT',
      ':from': from,
      ':now': now.toISOString(),
    },
  });
  return parse(opened ?? {});
}

/**
 * Closes a silence: at `to` the device was heard again, or, without one, nobody waits for it any more.
 *
 * A second call keeps what the first one wrote.
 */
export async function closeSilence(
  table: Table,
  { device, from, to }: Pick<Gap, 'device' | 'from' | 'to'>,
  now: Date,
): Promise<void> {
  await updateItem(table, {
    partition: device,
    item: sortKey(from),
    update: `SET closedAt = :now${to === undefined ? '' : ', #to = :to'}`,
    condition: 'attribute_exists(foundAt) AND attribute_not_exists(closedAt)',
    names: to === undefined ? undefined : { '#to': 'to' },
    values: { ':now': now.toISOString(), ':to': to },
  });
}
