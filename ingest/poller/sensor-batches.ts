import { noteBatch } from '../../ledger/batches.ts';
import {
  countSensorObject,
  listBatchesOfDay,
  openSensorBatch,
} from '../../ledger/sensors/batches.ts';
import type { Fence } from '../../ledger/sensors/fence.ts';
import type { LedgerTable, Table } from '../../ledger/table.ts';
import { batchIdLength, mintCode } from '../../workflow/model/code.ts';
import type { SensorBatch } from '../model/sensor-items.ts';
import type { CommittedObject } from './commit-record.ts';

/** What the batches of days need. */
export interface SensorBatchesDeps {
  readonly sensors: Table;
  readonly ledger: LedgerTable;
  readonly fence: Fence;
  readonly randomByte: () => number;
  readonly now: () => Date;
}

/** Where records go: into a day's own batches, or what is set aside of it. */
export type Destination = 'DAY' | 'ASIDE';

/**
 * The batches of days, as they are while this run is the only one that writes them.
 *
 * Days are read once.
 */
export class SensorBatches {
  readonly #deps: SensorBatchesDeps;
  readonly #days = new Map<string, readonly SensorBatch[]>();

  constructor(deps: SensorBatchesDeps) {
    this.#deps = deps;
  }

  /**
   * The batch that takes a day's records: the first one, or, where that is sealed or about to be, one of
   * the late ones. Opens it where there is none.
   */
  async openFor(day: string, destination: Destination): Promise<SensorBatch> {
    const batches = await this.#batchesOf(day);
    const parts: readonly SensorBatch['part'][] =
      destination === 'ASIDE' ? ['ASIDE'] : ['MAIN', 'LATE'];
    const mine = batches.filter(({ part }) => parts.includes(part));
    const open = mine.find(({ state }) => state === 'OPEN');
    if (open !== undefined) return open;
    const part = destination === 'ASIDE' ? 'ASIDE' : mine.length === 0 ? 'MAIN' : 'LATE';
    const number = 1 + mine.filter((batch) => batch.part === part).length;
    const { sensors, fence, now } = this.#deps;
    const batchId = await this.#mintBatchId();
    const name = { day, part, number } as const;
    const openedAt = now().toISOString();
    const opened = await openSensorBatch(sensors, fence, { ...name, batchId, openedAt });
    this.#days.set(day, [...batches, opened]);
    return opened;
  }

  /** Counts an object of a commit into its batch, once. */
  async count({ day, batchId, records }: CommittedObject, chunk: string): Promise<void> {
    const batches = await this.#batchesOf(day);
    const batch = batches.find((one) => one.batchId === batchId);
    if (batch === undefined) throw new Error('The batch of a committed object is not there.');
    const counted = { ...batch, objects: batch.objects + 1, records: batch.records + records };
    const { sensors, fence } = this.#deps;
    const isNew = await countSensorObject(sensors, fence, counted, chunk);
    // Another batch of the day may have been counted in between.
    const now = this.#days.get(day)?.map((one) => (one.batchId === batchId ? counted : one));
    if (isNew && now !== undefined) this.#days.set(day, now);
    else this.#days.delete(day);
  }

  async #batchesOf(day: string): Promise<readonly SensorBatch[]> {
    const found = this.#days.get(day) ?? (await listBatchesOfDay(this.#deps.sensors, day));
    this.#days.set(day, found);
    return found;
  }

  /** An id that no batch of the study has: noting it in the ledger is what takes it. */
  async #mintBatchId(): Promise<string> {
    const { ledger, randomByte, now } = this.#deps;
    for (;;) {
      const batchId = mintCode(batchIdLength, randomByte);
      if (await noteBatch(ledger, batchId, now())) return batchId;
    }
  }
}
