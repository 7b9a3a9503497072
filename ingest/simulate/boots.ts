import { mintCode } from '../../workflow/model/code.ts';
import { type BootId, bootIdLength } from '../model/codes.ts';
import type { SensorMessage } from '../model/sensor-message.ts';
import type { RandomSource } from './random-source.ts';

/** One start of a device: the messages of its slots from `firstSlot` up to the next boot's. */
export interface Boot {
  readonly boot: BootId;
  readonly firstSlot: number;
  /** The one before, and how many messages it numbered. */
  readonly previous: SensorMessage['previous'];
  /**
   * The slot that is never dropped. A boot of which nothing at all came could not say how many messages
   * the one before had numbered, and what that one lost at its end would be missed by nobody.
   */
  readonly witness: number;
}

/**
 * Plans the starts of a device that has `slots` messages to number.
 *
 * The last message of the last boot is its witness: nothing comes after it that could tell of its loss.
 *
 * @throws RangeError where there are fewer messages than starts.
 */
export function planBoots(slots: number, reboots: number, random: RandomSource): readonly Boot[] {
  if (reboots >= slots) {
    throw new RangeError('reboots must be fewer than the messages of each device');
  }
  const starts = new Set([0]);
  while (starts.size <= reboots) starts.add(random.whole(1, slots - 1));
  const firstSlots = [...starts].sort((a, b) => a - b);
  const boots: Boot[] = [];
  for (const [index, firstSlot] of firstSlots.entries()) {
    const nextSlot = firstSlots[index + 1];
    const before = boots.at(-1);
    boots.push({
      boot: mintCode(bootIdLength, () => random.byte()),
      firstSlot,
      previous: before && { boot: before.boot, messages: firstSlot - before.firstSlot },
      witness: nextSlot === undefined ? slots - 1 : random.whole(firstSlot, nextSlot - 1),
    });
  }
  return boots;
}
