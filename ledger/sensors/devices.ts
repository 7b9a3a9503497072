import { DeviceItem } from '../../ingest/model/sensor-items.ts';
import { getItem, queryItems, type Table, updateItem } from '../table.ts';

const partition = 'DEVICES';
const isRegistered = 'attribute_exists(#scope)';
const scope = { '#scope': 'scope' };

/** Turns an item of the table into the model's: the sort key is the device. */
function parse({ scope, item, ...rest }: Record<string, unknown>): DeviceItem {
  return DeviceItem.parse({ ...rest, device: item });
}

/**
 * Registers a device. A second call changes nothing, and answers the device as it was registered.
 *
 * For the operator, before the device's certificate may publish: what an unknown device sends is set
 * aside.
 */
export async function registerDevice(
  table: Table,
  { device, everySeconds }: Pick<DeviceItem, 'device' | 'everySeconds'>,
  now: Date,
): Promise<DeviceItem> {
  const registered = await updateItem(table, {
    partition,
    item: device,
    update:
      'SET registeredAt = if_not_exists(registeredAt, :now), everySeconds = if_not_exists(everySeconds, :every)',
    values: { ':now': now.toISOString(), ':every': everySeconds },
  });
  return parse(registered ?? {});
}

/** Reads a device; undefined where it was never registered. */
export async function getDevice(table: Table, device: string): Promise<DeviceItem | undefined> {
  const found = await getItem(table, partition, device);
  return found === undefined ? undefined : parse(found);
}

/** Reads all devices, sorted by id, those that were revoked as well. */
export async function* listDevices(table: Table): AsyncGenerator<DeviceItem, void> {
  for await (const found of queryItems(table, partition)) yield parse(found);
}

/**
 * Notes since when somebody wears a device, or that nobody does any more.
 *
 * One that is in service stays so from when it was: a hand-over ends no silence. Touches no other
 * attribute but the keys, not even in its condition, so that a policy can let researchers write this
 * one only. Answers false where the device is not registered.
 */
export async function setInService(
  table: Table,
  device: string,
  since: Date | undefined,
): Promise<boolean> {
  const updated = await updateItem(table, {
    partition,
    item: device,
    condition: isRegistered,
    names: scope,
    ...(since === undefined
      ? { update: 'REMOVE inServiceSince' }
      : {
          update: 'SET inServiceSince = if_not_exists(inServiceSince, :since)',
          values: { ':since': since.toISOString() },
        }),
  });
  return updated !== undefined;
}

/**
 * Revokes a device for ever: what is received of it from now on is set aside.
 *
 * A second call keeps the first one's time. It is out of service from then on, so that its silence
 * is no trouble. Answers false where it is not registered.
 */
export async function revokeDevice(table: Table, device: string, now: Date): Promise<boolean> {
  const revoked = await updateItem(table, {
    partition,
    item: device,
    update: 'SET revokedAt = if_not_exists(revokedAt, :now) REMOVE inServiceSince',
    condition: isRegistered,
    names: scope,
    values: { ':now': now.toISOString() },
  });
  return revoked !== undefined;
}
