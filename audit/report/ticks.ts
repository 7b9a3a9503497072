const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Steps that a person counts time in, in ms. */
const steps = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12, 24].map((count) => count * hour),
];

/** Where a time axis has its marks, in ms from its start: nine at most. */
export function ticks(lengthMs: number): number[] {
  const days = Math.ceil(lengthMs / (8 * 24 * hour)) * 24 * hour;
  const step = steps.find((each) => lengthMs / each <= 8) ?? days;
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, index) => index * step);
}
