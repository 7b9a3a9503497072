import { describe, expect, it } from 'vitest';
import {
  executionHash,
  grantName,
  grantNamePrefix,
  queueName,
  runGrantPrefix,
  runName,
  runsUpTo,
} from '../../../workflow/model/names.ts';

const executionArn = 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa-batch:run-1';
const hash = executionHash(executionArn);
const run = (redrive: number) => ({
  study: 'czarhipaa',
  batchId: 'bcdfghjkw',
  executionArn,
  redrive,
});

describe('the names of a run', () => {
  it('are those of its execution until that is redriven, and others then', () => {
    expect([0, 1, 12].map((redrive) => runName(run(redrive)))).toEqual([
      hash,
      `${hash}-1`,
      `${hash}-12`,
    ]);
  });

  it('are of a queue and a grant that no other run of the execution has', () => {
    expect(queueName(run(0))).toBe(`czarhipaa-batch-bcdfghjkw-${hash}`);
    expect(queueName(run(1))).toBe(`czarhipaa-batch-bcdfghjkw-${hash}-1`);
    expect(grantName(run(1), 0, 2)).toBe(`czarhipaa/bcdfghjkw/${hash}-1/0/2`);
    for (const [one, other] of [
      [0, 1],
      [1, 12],
      [1, 0],
    ] as const) {
      expect(grantName(run(other), 0, 1).startsWith(runGrantPrefix(run(one)))).toBe(false);
    }
  });

  it('of grants begin alike in all runs of an execution', () => {
    for (const redrive of [0, 1, 12]) {
      expect(grantName(run(redrive), 0, 1).startsWith(grantNamePrefix(run(0)))).toBe(true);
    }
  });

  it('fit where AWS takes them: 80 characters of a queue, 256 of a grant', () => {
    const longest = { ...run(999), study: 'abcdefghijklmnopqrst' };

    expect(queueName(longest)).toHaveLength(53);
    expect(grantName(longest, 39, 3).length).toBeLessThan(256);
  });

  it('are known for all that is over when a run is', () => {
    expect(runsUpTo(run(2)).map(({ redrive }) => redrive)).toEqual([0, 1, 2]);
  });
});
