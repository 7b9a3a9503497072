import process from 'node:process';
import { vi } from 'vitest';

/** What a file of a shared process must leave as it found it. */
export type ProcessState = Readonly<Record<string, unknown>>;

/** Reads it now. */
export const processState = (): ProcessState => ({
  environment: JSON.stringify(process.env),
  folder: process.cwd(),
  exitCode: process.exitCode,
  // Libraries add globals of their own as they load; these are what a test replaces.
  ...{ fetch, Date, setTimeout, setInterval, setImmediate, console, random: Math.random },
  fakeTime: vi.isFakeTimers(),
});

/** Names what is otherwise now than it was. */
export function changedSince(before: ProcessState): string[] {
  const after = processState();
  return Object.keys(after).filter((name) => after[name] !== before[name]);
}
