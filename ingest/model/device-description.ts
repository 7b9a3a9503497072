import * as z from 'zod';
import { Study } from '../../workflow/model/code.ts';
import { DeviceId } from './codes.ts';

/** What a device is told, in `device.json` beside its key and its certificate. */
export const DeviceDescription = z.strictObject({
  study: Study,
  device: DeviceId,
  /** Host of AWS IoT, and its port where it is not 8883. */
  endpoint: z.string().regex(/^[A-Za-z0-9.-]+(:[0-9]{1,5})?$/),
  /** Seconds between two messages, a day at most. */
  everySeconds: z.int().min(1).max(86_400),
});
export type DeviceDescription = z.infer<typeof DeviceDescription>;
