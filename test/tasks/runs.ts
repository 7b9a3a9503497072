import { batchId, executionArn } from '../ledger/codes.ts';

/** The run of most tests, and one worker of it. */
export const run = { batchId: batchId(1), executionArn: executionArn(1), redrive: 0 };
export const slot = { ...run, workerIndex: 1, attempt: 1 };
/** The same for tasks that must not act in a run that is over. */
export const liveRun = { ...run, redriven: false };
export const liveSlot = { ...slot, redriven: false };
export const instanceId = 'i-0123456789abcdef0';
export const monday = new Date('2026-03-02T08:00:00.000Z');

/** The tags that put a resource in reach of the run's tasks. */
export const runTags = {
  'czar:study': 'czarhipaa',
  'czar:batch': run.batchId,
  'czar:execution': 'run-1',
};

/** Filters of EC2's Describe calls for these tags. */
export const tagFilters = (tags: Record<string, string>) =>
  Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
