import type * as z from 'zod';
import { FleetPlan } from '../../../ingest/simulate/fleet-plan.ts';
import type { FleetReport } from '../../../ingest/simulate/fleet-report.ts';
import { simulateFleet } from '../../../ingest/simulate/simulate-fleet.ts';
import type { SimulatedMessage } from '../../../ingest/simulate/simulated-device.ts';

/** Ids that were minted. */
export const deviceIds = ['bzmqjxjsd', 'cgchcrdwg', 'hgmsrkndg'] as const;

/** The moment at which every message of a test is sent. */
export const sentAt = Date.UTC(2026, 10, 23, 9);

/** A plan of three devices that send the whole of 22 November 2026, a message in five minutes. */
export function makePlan(changes: Partial<z.input<typeof FleetPlan>> = {}): FleetPlan {
  return FleetPlan.parse({
    study: 'czarhipaa',
    seed: 4,
    devices: deviceIds.map((device) => ({ device, everySeconds: 300 })),
    startsAt: Date.UTC(2026, 10, 22),
    lastsMs: 86_400_000,
    ...changes,
  });
}

/** Every fault there is, each often enough to happen in a short test. */
export const allFaults = {
  duplicates: 0.05,
  conflicts: 0.03,
  drops: 0.1,
  reorder: 6,
  reboots: 3,
  skewSeconds: 900,
  future: 0.03,
  impossible: 0.03,
  poison: 0.03,
  disconnects: 0.01,
} as const;

/** Takes all that a fleet sends, by a clock that stands still. */
export function takeAll(plan: FleetPlan): {
  messages: SimulatedMessage[];
  report: FleetReport;
} {
  const fleet = simulateFleet(plan, { now: () => sentAt });
  const messages = [...fleet.messages()];
  return { messages, report: fleet.report() };
}
