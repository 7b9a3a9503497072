import { describe, expect, it } from 'vitest';
import { mostDays } from '../../workflow/definition.ts';
import * as policies from '../../workflow/retry-policies.ts';
import type { RetryPolicy } from '../../workflow/retry-policies.ts';
import { mostAttempts } from '../../workflow/worker-lifecycle.ts';

/** The longest that a policy waits in all, in seconds. */
function longestWait({ interval, backoffRate, maxDelay, maxAttempts }: RetryPolicy): number {
  return Array.from({ length: maxAttempts }, (_, attempt) =>
    Math.min(interval.toSeconds() * backoffRate ** attempt, maxDelay?.toSeconds() ?? Infinity),
  ).reduce((sum, wait) => sum + wait, 0);
}

describe('a retry policy', () => {
  it.each<[keyof typeof policies, number]>([
    ['lambdaFailed', 61],
    ['awsUnavailable', 122],
    ['noCapacity', 450],
    ['stillOpening', 11],
    ['stillEvaporating', 1054],
    ['anotherWorker', 10],
  ])('%s waits as long as its comment says: %i s', (name, seconds) => {
    expect(Math.round(longestWait(policies[name]))).toBe(seconds);
  });
});

describe('the machine’s own timeout', () => {
  it('is longer than its states can take with the longest request', () => {
    const day = 24;
    const attempts = mostAttempts * (day + 1);
    const consolidations = (1 + policies.anotherWorker.maxAttempts) * day;

    expect([attempts, consolidations]).toEqual([75, 72]);
    expect(attempts + consolidations + 4).toBe(151);
    expect(mostDays * day).toBe(168);
  });
});
