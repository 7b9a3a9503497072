import type { DeviceId } from '../model/codes.ts';
import { observationTopic } from '../model/topic.ts';
import { type Boot, planBoots } from './boots.ts';
import { DeviceLog } from './device-log.ts';
import type { EcgRecording } from './ecg-recording.ts';
import type { FleetPlan } from './fleet-plan.ts';
import { deviceTime, type MeasuredSlot, writeMessage } from './measured-slot.ts';
import { makePoison } from './poison.ts';
import { RandomSource } from './random-source.ts';
import { Sending } from './sending.ts';
import { madeImpossible, valuesPerMessage, Vitals } from './vitals.ts';

/** `FIRST`: a number's first content. The others are what faults add. */
export type MessageKind = 'FIRST' | 'DUPLICATE' | 'CONFLICT' | 'POISON';

/** A payload, in the order of sending. */
export interface SimulatedMessage {
  readonly device: DeviceId;
  readonly topic: string;
  readonly kind: MessageKind;
  readonly payload: Buffer;
  /** Its device then loses the connection. */
  readonly cutsConnection: boolean;
}

/** What a device of a fleet is made of. */
export interface DeviceSettings {
  readonly device: DeviceId;
  /** Messages that it numbers. */
  readonly slots: number;
  /** Between two of them. */
  readonly intervalMs: number;
  readonly recording: EcgRecording;
  /** The true clock. */
  readonly now: () => number;
}

/** Most messages between one and the same again. */
const againWithin = 8;

/**
 * One device: numbers a message for each slot of its span, and gives them in the order of sending, with
 * the faults of the plan.
 *
 * Values are stamped by the device's clock, which is off by its skew; `sentAt` is the true clock's time
 * at which a message is taken, plus that skew.
 */
export class SimulatedDevice {
  readonly log: DeviceLog;
  readonly #plan: FleetPlan;
  readonly #settings: DeviceSettings;
  readonly #boots: readonly Boot[];
  readonly #topic: string;
  readonly #chance: RandomSource;
  readonly #vitals: Vitals;
  readonly #firstSection: number;
  readonly #firstAt: number;
  readonly #sending = new Sending<() => SimulatedMessage>();
  #ending = false;

  constructor(plan: FleetPlan, settings: DeviceSettings) {
    const { device, slots, intervalMs, recording } = settings;
    const random = (purpose: string) => new RandomSource(plan.seed, `${device} ${purpose}`);
    const traits = random('traits');
    const farthest = Math.round(plan.faults.skewSeconds * 1_000);
    this.log = new DeviceLog(device, traits.whole(-farthest, farthest));
    this.#plan = plan;
    this.#settings = settings;
    this.#topic = observationTopic(plan.study, device);
    this.#boots = planBoots(slots, plan.faults.reboots, random('boots'));
    this.#chance = random('faults');
    this.#vitals = new Vitals(random('vitals'));
    this.#firstSection = traits.whole(0, recording.sections.length - 1);
    // Devices do not all measure in the same millisecond.
    this.#firstAt = plan.startsAt + traits.whole(0, Math.floor(intervalMs) - 1);
  }

  get device(): DeviceId {
    return this.#settings.device;
  }

  /** Ends it early: what it holds is sent, and one message more, so that all that it dropped can be missed. */
  end(): void {
    this.#ending = true;
  }

  /** What it sends. To be taken once, and to the end: the log has what was taken. */
  *messages(): Generator<SimulatedMessage, void, undefined> {
    const { slots } = this.#settings;
    const boots = this.#boots.values();
    let boot = boots.next().value;
    let next = boots.next().value;
    for (let slot = 0, isLast = false; !isLast && boot !== undefined; slot += 1) {
      isLast = this.#ending || slot === slots - 1;
      if (next?.firstSlot === slot) [boot, next] = [next, boots.next().value];
      this.#number(slot, boot, isLast || slot === boot.witness);
      for (const send of this.#sending.due(slot)) yield send();
    }
    for (const send of this.#sending.due(Infinity)) yield send();
  }

  #number(slot: number, boot: Boot, mustBeSent: boolean): void {
    const seq = slot - boot.firstSlot;
    const isDropped = this.#chance.happens(this.#plan.faults.drops) && !mustBeSent;
    this.log.numbered(boot.boot, seq, isDropped);
    const moment = this.#firstAt + Math.floor(slot * this.#settings.intervalMs);
    const at = deviceTime(moment + this.log.skewMs);
    const observations = this.#vitals.measure(moment, at);
    if (isDropped) return;
    const { ecgEvery } = this.#plan;
    const { sections } = this.#settings.recording;
    const hasEcg = ecgEvery > 0 && slot % ecgEvery === 0;
    const ecg = hasEcg
      ? sections[(this.#firstSection + slot / ecgEvery) % sections.length]
      : undefined;
    this.#schedule(slot, { device: this.device, boot, seq, at, observations, ecg });
  }

  #schedule(slot: number, good: MeasuredSlot): void {
    const { reorder, duplicates, conflicts, poison, impossible, future } = this.#plan.faults;
    const chance = this.#chance;
    const { boot, seq } = good;
    const turn = slot + chance.whole(0, reorder);
    const isImpossible = chance.happens(impossible);
    // Never the last value, which may be the one of the future.
    const place = chance.whole(0, valuesPerMessage - 2);
    const isFuture = chance.happens(future);
    const measured: MeasuredSlot = {
      ...good,
      ...(isImpossible && {
        observations: good.observations.map((value, index) =>
          index === place ? madeImpossible(value) : value,
        ),
      }),
      ...(isFuture && { futureMs: chance.whole(3_600_000, 48 * 3_600_000) }),
    };
    let payload: Buffer | undefined;
    const first = (): Buffer => (payload ??= this.#write(measured));
    this.#sending.add(turn, () => {
      this.log.sentFirst({
        slot,
        observations: measured.observations.length,
        isFuture,
        isImpossible,
        ecgBeats: measured.ecg?.beats,
      });
      return this.#message('FIRST', first(), chance.happens(this.#plan.faults.disconnects));
    });
    if (chance.happens(poison)) {
      this.#sending.add(turn, () => {
        this.log.sentPoison();
        const spoilt = makePoison(writeMessage(measured, this.#clock()), chance);
        return this.#message('POISON', spoilt);
      });
    }
    const again = turn + chance.whole(1, againWithin);
    if (chance.happens(duplicates)) {
      this.#sending.add(again, () => {
        this.log.sentDuplicate();
        return this.#message('DUPLICATE', first());
      });
    } else if (chance.happens(conflicts)) {
      this.#sending.add(again, () => {
        this.log.sentConflict(boot.boot, seq);
        return this.#message('CONFLICT', this.#write(withOtherValue(measured)));
      });
    }
  }

  #message(kind: MessageKind, payload: Buffer, cutsConnection = false): SimulatedMessage {
    if (cutsConnection) this.log.cutConnection();
    return { device: this.device, topic: this.#topic, kind, payload, cutsConnection };
  }

  #write(measured: MeasuredSlot): Buffer {
    return Buffer.from(JSON.stringify(writeMessage(measured, this.#clock())));
  }

  #clock(): number {
    return this.#settings.now() + this.log.skewMs;
  }
}

/** The first value is another one: by one unit, which is possible where the value is. */
function withOtherValue(measured: MeasuredSlot): MeasuredSlot {
  const observations = measured.observations.map((observation, index) =>
    index === 0 ? { ...observation, value: observation.value + 1 } : observation,
  );
  return { ...measured, observations };
}
