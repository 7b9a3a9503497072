import { setTimeout as sleep } from 'node:timers/promises';
import { DeviceConnection } from './device-connection.ts';
import type { RegisteredDevice } from './device-folders.ts';
import type { FleetPlan } from './fleet-plan.ts';
import type { FleetReport } from './fleet-report.ts';
import { type FleetSurroundings, simulateFleet } from './simulate-fleet.ts';
import type { SimulatedDevice } from './simulated-device.ts';

/** A fleet, what it does, and how it may use the network. */
export interface FleetRun extends FleetSurroundings {
  readonly plan: FleetPlan;
  /** Every device of the plan. */
  readonly devices: readonly RegisteredDevice[];
  /** Certificates in PEM that the endpoint's must go back to; without it, those that Node knows. */
  readonly ca?: Buffer;
  /** Ends it early, in good order: see {@link FleetReport.interrupted}. */
  readonly signal?: AbortSignal;
  /**
   * Most messages a second and device. AWS IoT Core takes 100 of a connection, and throttles it beyond.
   *
   * @default as many as the endpoint takes
   */
  readonly perSecond?: number;
  /** Most messages of a device that wait for their acknowledgement. @default 20 */
  readonly inFlight?: number;
  /** An endpoint that answers nothing for so long is given up. @default 30 s */
  readonly patienceMs?: number;
  /** Told after each message how many were sent. */
  readonly onSent?: (sent: number) => void;
}

/**
 * Runs a fleet: each device on a connection of its own, as fast as the endpoint takes its messages. It ends
 * when the endpoint has acknowledged every one of them, so that the report is exact.
 *
 * @throws FleetError where the endpoint refuses or loses a device; then no report is exact.
 */
export async function runFleet(run: FleetRun): Promise<FleetReport> {
  const { signal, ca, inFlight = 20, patienceMs = 30_000, onSent } = run;
  const fleet = simulateFleet(run.plan, run);
  let sent = 0;
  const end = (): void => fleet.end();
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted === true) end();
  const registered = new Map(run.devices.map((device) => [device.device, device]));
  const failing = new AbortController();
  const runDevice = async (device: SimulatedDevice): Promise<void> => {
    const identity = registered.get(device.device);
    if (identity === undefined) throw new RangeError('a device of the plan is not registered');
    const onLost = (underWay: number): void => device.log.lostConnection(underWay);
    const connection = await DeviceConnection.open(identity, { ca, inFlight, patienceMs, onLost });
    try {
      await send(device, connection, {
        perSecond: run.perSecond ?? Infinity,
        isHurried: () => signal?.aborted === true,
        isStopped: () => failing.signal.aborted,
        onSent: () => onSent?.((sent += 1)),
      });
    } finally {
      await connection.close();
    }
  };
  const ended = await Promise.allSettled(
    fleet.devices.map(async (device) => {
      try {
        await runDevice(device);
      } catch (error) {
        failing.abort();
        throw error;
      }
    }),
  );
  signal?.removeEventListener('abort', end);
  const failed = ended.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return fleet.report();
}

interface SendOptions {
  readonly perSecond: number;
  /** No pace is kept any more: it is to end soon. */
  readonly isHurried: () => boolean;
  /** Another device failed. */
  readonly isStopped: () => boolean;
  readonly onSent: () => void;
}

async function send(
  device: SimulatedDevice,
  connection: DeviceConnection,
  { perSecond, isHurried, isStopped, onSent }: SendOptions,
): Promise<void> {
  const messages = device.messages();
  const startedAt = performance.now();
  for (let sent = 0; !isStopped(); sent += 1) {
    const earlyMs = startedAt + (sent * 1_000) / perSecond - performance.now();
    if (earlyMs > 2 && !isHurried()) await sleep(earlyMs);
    // Taken when there is room for it: `sentAt` is the moment of the sending.
    await connection.room();
    const { done, value: message } = messages.next();
    if (done === true) break;
    connection.publish(message.topic, message.payload);
    onSent();
    if (message.cutsConnection) await connection.cut();
  }
  await connection.idle();
}
