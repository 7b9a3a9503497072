import { type EcgRecording, readEcgRecording } from './ecg-recording.ts';
import { type FleetPlan, messagesPerDevice } from './fleet-plan.ts';
import type { FleetReport } from './fleet-report.ts';
import { SimulatedDevice, type SimulatedMessage } from './simulated-device.ts';

/** A fleet without a network: what its devices would send, and the report of it. */
export interface SimulatedFleet {
  readonly devices: readonly SimulatedDevice[];
  /** Messages that the devices number in all, dropped ones included. */
  readonly numbered: number;
  /**
   * What all devices send, taking turns: to be taken once. `for await` takes it, too. Leaving it early
   * leaves messages behind that the report knows nothing of; `end` first, and then the rest, does not.
   */
  messages(): Generator<SimulatedMessage, void, undefined>;
  /** Lets every device come to its end after one message more. */
  end(): void;
  /** What was taken so far. Exact once everything was. */
  report(): FleetReport;
}

/**
 * Makes a fleet of a plan; `now` is the true clock, which stands in every message as `sentAt`.
 *
 * With a clock that says the same, the same plan makes the same bytes. Boot ids and numbers follow from
 * the seed alone: sent a second time to the same place, at another time, they are in conflict.
 */
export function simulateFleet(
  plan: FleetPlan,
  { now = Date.now, recording = readEcgRecording() }: FleetSurroundings = {},
): SimulatedFleet {
  const slotsOf = messagesPerDevice(plan);
  const devices = plan.devices.map(({ device, everySeconds }, index) => {
    const slots = slotsOf[index] ?? 0;
    const evenly = plan.lastsMs / slots;
    const intervalMs =
      plan.messages === undefined ? Math.min(evenly, everySeconds * 1_000) : evenly;
    return new SimulatedDevice(plan, { device, slots, intervalMs, recording, now });
  });
  let isEnded = false;
  return {
    devices,
    numbered: slotsOf.reduce((total, slots) => total + slots, 0),
    messages: () => takeTurns(devices.map((device) => device.messages())),
    end: () => {
      isEnded = true;
      for (const device of devices) device.end();
    },
    report: () => reportOf(plan, devices, isEnded),
  };
}

/** What a fleet needs of the world: the true clock, and the recording of a heart. */
export interface FleetSurroundings {
  /** @default Date.now */
  readonly now?: () => number;
  /** @default the one that comes with czar */
  readonly recording?: EcgRecording;
}

function* takeTurns<Item>(
  sources: readonly Generator<Item, void, undefined>[],
): Generator<Item, void, undefined> {
  let going = sources;
  while (going.length > 0) {
    const still: Generator<Item, void, undefined>[] = [];
    for (const source of going) {
      const { done, value } = source.next();
      if (done === true) continue;
      still.push(source);
      yield value;
    }
    going = still;
  }
}

function reportOf(
  { study, seed, startsAt, lastsMs, faults }: FleetPlan,
  devices: readonly SimulatedDevice[],
  interrupted: boolean,
): FleetReport {
  const sorted = devices.toSorted((a, b) => (a.device < b.device ? -1 : 1));
  return {
    version: 1,
    study,
    seed,
    from: new Date(startsAt).toISOString(),
    to: new Date(startsAt + lastsMs).toISOString(),
    faults,
    interrupted,
    devices: sorted.map(({ log }) => log.device),
    gaps: sorted.flatMap(({ log }) => log.gaps),
    conflicts: sorted.flatMap(({ log }) => log.conflicts),
  };
}
