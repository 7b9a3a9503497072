import { setImmediate } from 'node:timers/promises';
import type { StudyCloud } from './study-cloud.ts';

/** Waits until all that events set off is done. Functions of state machines may be at work yet. */
export async function settled({ cloud: { services } }: StudyCloud): Promise<void> {
  // What is put on the bus is delivered behind the call.
  await setImmediate();
  await services.events.settled();
  await services.invoker.settled();
}
