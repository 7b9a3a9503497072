import * as z from 'zod';
import { Study } from '../../workflow/model/code.ts';
import { DeviceId } from '../model/codes.ts';

const share = z.number().min(0).max(1).default(0);

/** What goes wrong with a fleet's messages, and how often: shares of the messages, where nothing else is said. */
export const Faults = z.strictObject({
  /** Sent again: the same bytes, some messages later. */
  duplicates: share,
  /** Sent again with another value under the same number; no message is both. */
  conflicts: share,
  /** Numbered and never sent. */
  drops: z.number().min(0).max(0.9).default(0),
  /** A message is sent at most so many messages late; 0 keeps the order. */
  reorder: z.int().min(0).max(100).default(0),
  /** Times that each device starts anew, with a new boot id and numbers from 0. */
  reboots: z.int().min(0).max(1_000).default(0),
  /** Farthest that a device's clock is off, either way; each device has a skew of its own. */
  skewSeconds: z.number().min(0).max(31_536_000).default(0),
  /** With a value of 1 to 48 hours after the message was sent. */
  future: share,
  /** With a value that no living person has. */
  impossible: share,
  /** Followed by a message that is none: cut off, of an unknown version, with a field too many, ... */
  poison: share,
  /** Followed by a lost connection. */
  disconnects: share,
});
export type Faults = z.infer<typeof Faults>;

/** A device as the simulation knows it. */
export const PlannedDevice = z.strictObject({
  device: DeviceId,
  everySeconds: z.int().min(1).max(86_400),
});
export type PlannedDevice = z.infer<typeof PlannedDevice>;

const day = 86_400_000;

/** All that decides what a fleet sends; with the same clock, the same plan sends the same bytes. */
export const FleetPlan = z
  .strictObject({
    study: Study,
    seed: z.int().min(0).max(4_294_967_295),
    devices: z
      .array(PlannedDevice)
      .min(1, { error: 'devices must be at least one' })
      .refine((devices) => new Set(devices.map(({ device }) => device)).size === devices.length, {
        error: 'devices must have ids of their own',
      }),
    /** The span that is measured, in milliseconds since 1970 by the true clock. */
    startsAt: z.int().min(0),
    lastsMs: z
      .int()
      .min(1_000)
      .max(31 * day),
    /**
     * Messages that the whole fleet numbers, spread evenly over the span; otherwise each device makes one
     * every `everySeconds`.
     */
    messages: z.int().min(1).max(100_000_000).optional(),
    /** Every so-manieth message of a device has ten seconds of ECG, the first one included; 0: none has. */
    ecgEvery: z.int().min(0).max(1_000_000).default(10),
    faults: Faults.prefault({}),
  })
  .refine(({ messages, devices }) => messages === undefined || messages >= devices.length, {
    error: 'messages must be at least one for each device',
  })
  .refine((plan) => Math.min(...messagesPerDevice(plan)) > plan.faults.reboots, {
    error: 'reboots must be fewer than the messages of each device',
  });
export type FleetPlan = z.infer<typeof FleetPlan>;

/** How many messages each device numbers, in the order of the plan's devices. */
export function messagesPerDevice({ devices, messages, lastsMs }: Spread): readonly number[] {
  if (messages === undefined) {
    return devices.map(({ everySeconds }) =>
      Math.max(1, Math.floor(lastsMs / 1_000 / everySeconds)),
    );
  }
  const each = Math.floor(messages / devices.length);
  const more = messages % devices.length;
  return devices.map((_, index) => each + (index < more ? 1 : 0));
}

interface Spread {
  readonly devices: readonly PlannedDevice[];
  readonly messages?: number;
  readonly lastsMs: number;
}
