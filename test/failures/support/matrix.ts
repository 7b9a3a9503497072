import type { Cell } from './prove.ts';

/** Draws the matrix: a line for each state, one for each fault at it, what came of it. */
export function describeMatrix(cells: readonly Cell[]): string[] {
  const width = Math.max(0, ...cells.map(({ fault }) => fault.length));
  return [...Map.groupBy(cells, ({ state }) => state)].flatMap(([state, ofState]) => [
    state,
    ...ofState.flatMap(({ fault, outcome, states, seconds, sweeps, violations }) => [
      [
        `  ${violations.length === 0 ? 'ok  ' : 'BAD '}`,
        fault.padEnd(width),
        outcome,
        `${states} states`,
        `${seconds} s`,
        ...(sweeps === 0 ? [] : [`${sweeps} hourly sweeps`]),
      ].join('  '),
      ...violations.map((violation) => `        ${violation}`),
    ]),
  ]);
}
