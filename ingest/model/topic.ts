import type { DeviceId } from './codes.ts';

/** The topic that a device publishes its messages to, and the only one it may. */
export const observationTopic = (study: string, device: DeviceId): string =>
  `czar/${study}/v1/d/${device}/obs`;

/** The same for every device, as a filter: its fifth level is the device. */
export const observationFilter = (study: string): string => `czar/${study}/v1/d/+/obs`;
