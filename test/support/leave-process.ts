import { afterAll } from 'vitest';
import { changedSince, processState } from './process-state.ts';

const before = processState();

/** Fails the file that leaves its process otherwise than it was: the next file would see it. */
afterAll(() => {
  const changed = changedSince(before);
  if (changed.length === 0) return;
  throw new Error(
    `This file leaves ${changed.join(', ')} changed in a process that others share: see test/support/own-process.ts`,
  );
});
