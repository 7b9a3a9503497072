import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { filesOfOwnProcess, otherTests } from './test/support/own-process.ts';

const shared = {
  env: { CDK_VALIDATION: 'false', POWERTOOLS_DEV: 'true' },
  allowOnly: false,
};

/** A batch waits for its processes half of the time: while it does, others go on. */
const batches = { sequence: { groupOrder: 1 }, maxWorkers: availableParallelism() * 2 };

const notUnit = [...configDefaults.exclude, ...otherTests];
const alone = filesOfOwnProcess(import.meta.dirname);

const unit = {
  ...shared,
  testTimeout: 30_000,
  // Some wait for processes and timers: one more than there are cores.
  maxWorkers: availableParallelism() + 1,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      {
        // One process for many files: what they import is loaded once.
        test: {
          ...unit,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...notUnit, ...alone],
          isolate: false,
          globalSetup: ['test/support/bundle-once.ts'],
          setupFiles: ['test/support/leave-process.ts'],
        },
      },
      {
        // A process for each file.
        test: { ...unit, name: 'unit-alone', include: alone, exclude: notUnit },
      },
      {
        // Whole batches in an embedded cloud: minutes of a laptop's time are what is tested.
        test: {
          ...shared,
          ...batches,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/support/synthesize-once.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Pages in a real Chromium, with what is recorded; the console's are with its cloud, in e2e.
        test: {
          ...shared,
          ...batches,
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 15_000,
          // Chromium is unpacked before the first.
          hookTimeout: 60_000,
        },
      },
      {
        // Whole batches, too, each with a fault in it; time jumps where nothing happens.
        test: {
          ...shared,
          ...batches,
          name: 'failures',
          include: ['test/failures/**/*.test.ts'],
          globalSetup: ['test/failures/support/synthesize-once.ts'],
          testTimeout: 60_000,
          // A fault's whole name.
          chaiConfig: { truncateThreshold: 0 },
          hookTimeout: 120_000,
        },
      },
      {
        // `npm run mutations`: takes out one thing after the other, and sees it missed.
        test: {
          ...shared,
          name: 'mutations',
          include: ['test/mutations/**/*.test.ts'],
          globalSetup: ['test/failures/support/synthesize-once.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
