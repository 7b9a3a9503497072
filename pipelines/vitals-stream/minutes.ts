/** Minutes of a day. */
export const minutesPerDay = 1440;

const msPerMinute = 60_000;

/** The minute in UTC that a moment is in, counted from 1970. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / msPerMinute);
}

/** The first minute of a day such as `2026-11-23`. */
export function firstMinuteOf(day: string): number {
  return minuteOf(Date.parse(day));
}

/** A minute as `2026-11-23T10:15Z`. */
export function formatMinute(minute: number): string {
  return new Date(minute * msPerMinute).toISOString().replace(':00.000Z', 'Z');
}
