import type { TimeAxis } from '../../plot/panel.ts';
import type { Tick } from '../../plot/scale.ts';

/** Steps between ticks, in minutes. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180];

/** The time axis over minutes of one day, by periods that give a readable number of points. */
export function dayAxis(first: number, last: number): TimeAxis {
  const length = periodMinutes(last - first + 1);
  const start = Math.floor(first / length) * length;
  const end = (Math.floor(last / length) + 1) * length;
  return { range: [start, end], length, ticks: minuteTicks(start, end, 8) };
}

function periodMinutes(span: number): number {
  if (span <= 180) return 1;
  return span <= 720 ? 5 : 10;
}

/** Ticks at round times of the day, in at most `most` steps, as `10:15`. Midnight at the end is `24:00`. */
export function minuteTicks(start: number, end: number, most: number): Tick[] {
  const step = steps.find((minutes) => (end - start) / minutes <= most) ?? 240;
  const ticks: Tick[] = [];
  for (let value = Math.ceil(start / step) * step; value <= end; value += step) {
    const ofDay = value % 1440 === 0 && value > start ? 1440 : value % 1440;
    const [hour, minute] = [Math.floor(ofDay / 60), ofDay % 60].map((part) =>
      String(part).padStart(2, '0'),
    );
    ticks.push({ value, text: `${hour}:${minute}` });
  }
  return ticks;
}
