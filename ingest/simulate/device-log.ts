import type { BootId, DeviceId } from '../model/codes.ts';
import type { DeviceReport, DroppedRun, FleetReport } from './fleet-report.ts';

/** What is counted of a message that is sent for the first time. */
export interface FirstSending {
  readonly slot: number;
  readonly observations: number;
  readonly isFuture: boolean;
  readonly isImpossible: boolean;
  /** Of its block of ECG, where it has one. */
  readonly ecgBeats?: number;
}

type Counts = Omit<DeviceReport, 'device' | 'skewMs' | 'boots' | 'sent'>;

/** Keeps the books of one device, while it sends. */
export class DeviceLog {
  readonly #device: DeviceId;
  readonly skewMs: number;
  readonly #boots: { readonly boot: BootId; messages: number }[] = [];
  readonly #gaps: DroppedRun[] = [];
  readonly #conflicts: FleetReport['conflicts'] = [];
  #latestSlot = -1;
  readonly #counts: Counts = {
    numbered: 0,
    dropped: 0,
    distinct: 0,
    duplicates: 0,
    conflicts: 0,
    poison: 0,
    late: 0,
    observations: 0,
    futureValues: 0,
    impossibleValues: 0,
    ecgBlocks: 0,
    ecgBeats: 0,
    disconnects: 0,
    resent: 0,
  };

  constructor(device: DeviceId, skewMs: number) {
    this.#device = device;
    this.skewMs = skewMs;
  }

  numbered(boot: BootId, seq: number, isDropped: boolean): void {
    if (seq === 0) this.#boots.push({ boot, messages: 0 });
    const current = this.#boots.at(-1);
    if (current !== undefined) current.messages += 1;
    this.#counts.numbered += 1;
    if (isDropped) this.#drop(boot, seq);
  }

  #drop(boot: BootId, seq: number): void {
    this.#counts.dropped += 1;
    const last = this.#gaps.at(-1);
    if (last?.boot === boot && last.toSeq === seq - 1) last.toSeq = seq;
    else this.#gaps.push({ device: this.#device, boot, fromSeq: seq, toSeq: seq });
  }

  sentFirst({ slot, observations, isFuture, isImpossible, ecgBeats }: FirstSending): void {
    const counts = this.#counts;
    counts.distinct += 1;
    counts.observations += observations;
    counts.late += slot < this.#latestSlot ? 1 : 0;
    counts.futureValues += isFuture ? 1 : 0;
    counts.impossibleValues += isImpossible ? 1 : 0;
    counts.ecgBlocks += ecgBeats === undefined ? 0 : 1;
    counts.ecgBeats += ecgBeats ?? 0;
    this.#latestSlot = Math.max(this.#latestSlot, slot);
  }

  sentDuplicate(): void {
    this.#counts.duplicates += 1;
  }

  sentConflict(boot: BootId, seq: number): void {
    this.#counts.conflicts += 1;
    this.#conflicts.push({ device: this.#device, boot, seq });
  }

  sentPoison(): void {
    this.#counts.poison += 1;
  }

  cutConnection(): void {
    this.#counts.disconnects += 1;
  }

  lostConnection(underWay: number): void {
    this.#counts.resent += underWay;
  }

  get device(): DeviceReport {
    const { numbered, dropped, distinct, duplicates, conflicts, poison, ...rest } = this.#counts;
    return {
      device: this.#device,
      skewMs: this.skewMs,
      boots: this.#boots.map((boot) => ({ ...boot })),
      numbered,
      dropped,
      sent: distinct + duplicates + conflicts + poison,
      distinct,
      duplicates,
      conflicts,
      poison,
      ...rest,
    };
  }

  get gaps(): DroppedRun[] {
    return this.#gaps.map((gap) => ({ ...gap }));
  }

  /** By number, though they were sent in another order. */
  get conflicts(): FleetReport['conflicts'] {
    const order = new Map(this.#boots.map(({ boot }, index) => [boot, index]));
    return this.#conflicts.toSorted(
      (a, b) => (order.get(a.boot) ?? 0) - (order.get(b.boot) ?? 0) || a.seq - b.seq,
    );
  }
}
