import { beginSeal, endSeal, listSensorBatches } from '../../ledger/sensors/batches.ts';
import { listSensorObjects } from '../../ledger/sensors/objects.ts';
import { listingKey, manifestKey } from '../../workflow/model/keys.ts';
import type { ListingEntry, ManifestEntry, ManifestHeader } from '../../workflow/model/manifest.ts';
import type { PollReply } from '../model/poll-command.ts';
import type { SensorBatch, SensorObjectItem } from '../model/sensor-items.ts';
import { sensorMediaType } from '../model/sensor-object.ts';
import type { ObjectBuilder } from './build-objects.ts';
import type { CommitDeps } from './commit-chunk.ts';
import { putOnce } from './put-once.ts';
import { dayOf } from './sensor-time.ts';

const hour = 3_600_000;
const dayLong = 24 * hour;

/** Says whether a batch's time has come: so long after its day, or after the day it was opened. */
export function isDue(
  { day, openedAt }: Pick<SensorBatch, 'day' | 'openedAt'>,
  sealAfterHours: number,
  now: Date,
): boolean {
  const last = [day, dayOf(Date.parse(openedAt))].map((one) => Date.parse(one) + dayLong);
  return now.getTime() >= Math.max(...last) + sealAfterHours * hour;
}

/**
 * Seals the batches whose time has come, those of the named days, and those whose seal was cut off.
 *
 * From SEALING on nothing is added to a batch, so that a listing or manifest which is there already is
 * this one. An empty batch stays open.
 *
 * @throws LeaseLostError
 */
export async function sealDue(
  named: readonly string[],
  deps: CommitDeps & { readonly builder: ObjectBuilder },
): Promise<PollReply['sealed']> {
  const { settings, now, log } = deps.poller;
  const sealed: PollReply['sealed'] = [];
  for (const batch of await Array.fromAsync(listSensorBatches(deps.sensors))) {
    const { day, part, batchId, state, objects } = batch;
    const isTime = named.includes(day) || isDue(batch, settings.sealAfterHours, now());
    if (state === 'SEALED' || objects === 0 || (state === 'OPEN' && !isTime)) continue;
    deps.signal.throwIfAborted();
    await sealBatch(batch, deps);
    log('batch sealed', { batchId, day, objects });
    sealed.push({ day, part, batchId });
  }
  return sealed;
}

async function sealBatch(
  batch: SensorBatch,
  { sensors, fence, poller, builder }: CommitDeps & { readonly builder: ObjectBuilder },
): Promise<void> {
  const sealing = batch.state === 'OPEN' ? await beginSeal(sensors, fence, batch) : batch;
  const { batchId } = sealing;
  const { study, inputBucket, ancillaryBucket } = poller.settings;
  const place = { study, batchId };
  const objects = await Array.fromAsync(listSensorObjects(sensors, batchId));
  const header: ManifestHeader = { version: 1, study, batchId, objects: objects.length };
  const listing = jsonLines([header, ...objects.map(listingEntry)]);
  await putOnce(poller, { bucket: ancillaryBucket, key: listingKey(place), body: listing });
  const manifest = jsonLines([header, ...objects.map(manifestEntry)]);
  const body = await builder.encrypt(batchId, manifest);
  await putOnce(poller, { bucket: inputBucket, key: manifestKey(place), body });
  await endSeal(sensors, fence, sealing, poller.now());
}

function listingEntry(object: SensorObjectItem): ListingEntry {
  const { objectId, ciphertextBytes: sizeBytes, ciphertextSha256: sha256 } = object;
  return { objectId, sizeBytes, sha256 };
}

function manifestEntry(object: SensorObjectItem): ManifestEntry {
  const { batchId, storedAt, records, objectId, ...digests } = object;
  return { objectId, name: `${objectId}.ndjson`, mediaType: sensorMediaType, ...digests };
}

const jsonLines = (lines: readonly object[]): Buffer =>
  Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
