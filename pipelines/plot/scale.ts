/** Where a value lies on the paper. */
export type Scale = (value: number) => number;

/** A mark on an axis. */
export interface Tick {
  value: number;
  text: string;
}

/** A scale from values to coordinates. The two values differ. */
export function linear(
  values: readonly [number, number],
  coordinates: readonly [number, number],
): Scale {
  const [low, high] = values;
  const [from, to] = coordinates;
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

/**
 * Ticks at round numbers, from at or below `low` to at or above `high`, in at most `most` steps.
 *
 * Each tick is a whole number times the step, not the last tick plus the step: no error adds up.
 */
export function roundTicks(low: number, high: number, most: number): Tick[] {
  for (let power = -6; power <= 12; power++) {
    for (const lead of [1, 2, 5]) {
      const step = power < 0 ? lead / 10 ** -power : lead * 10 ** power;
      const first = Math.floor(low / step);
      const last = Math.max(Math.ceil(high / step), first + 1);
      if (last - first > most) continue;
      return Array.from({ length: last - first + 1 }, (_, index) => ({
        value: (first + index) * step,
        text: ((first + index) * step).toFixed(Math.max(0, -power)),
      }));
    }
  }
  throw new RangeError('No round step fits the range.');
}

const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];

/** Ticks at months or years within a range of months since the year 0, in at most `most` steps. */
export function monthTicks(first: number, last: number, most: number): Tick[] {
  const step = MONTH_STEPS.find((months) => (last - first) / months <= most) ?? 12_000;
  const ticks: Tick[] = [];
  for (let month = Math.ceil(first / step) * step; month <= last; month += step) {
    const year = String(Math.floor(month / 12)).padStart(4, '0');
    const monthOfYear = String((month % 12) + 1).padStart(2, '0');
    ticks.push({ value: month, text: step % 12 === 0 ? year : `${year}-${monthOfYear}` });
  }
  return ticks;
}
