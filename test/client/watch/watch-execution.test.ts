import { beforeEach, describe, expect, it } from 'vitest';
import { type ExecutionEnd, watchExecution } from '../../../client/watch/watch-execution.ts';
import { UserError } from '../../../client/exit-codes.ts';
import { ServiceError } from '../fake-aws/fake-json-services.ts';
import { batchId } from '../fake-aws/study.ts';
import { useLaptop } from '../laptop.ts';
import { noteBatch } from '../results/result-tar.ts';
import { asAnswer, twoWorkers } from './history.ts';

const laptop = useLaptop();
const arn = 'arn:aws:states:us-east-1:111122223333:execution:czarhipaa-batch:run-1';
const events = twoWorkers();

/** Looks so far; the history grows by eight events with each. */
let looks = 0;

beforeEach(() => {
  looks = 0;
  laptop.aws.json.answers.DescribeExecution = () => {
    looks += 1;
    const isOver = looks * 8 >= events.length;
    return {
      executionArn: arn,
      status: isOver ? 'FAILED' : 'RUNNING',
      input: JSON.stringify({ batchId, pipeline: 'vitals-summary' }),
      startDate: 1_767_323_040,
      ...(isOver && { stopDate: 1_767_323_100, error: 'WorkerLostError', cause: 'no worker left' }),
    };
  };
  laptop.aws.json.answers.GetExecutionHistory = ({ maxResults, nextToken }) => {
    const known = events.slice(0, looks * 8).reverse();
    const from = Number(nextToken ?? 0);
    const page = known.slice(from, from + Math.min(Number(maxResults), 5));
    const next = from + page.length < known.length ? String(from + page.length) : undefined;
    return { events: page.map(asAnswer), nextToken: next };
  };
});

interface Seen {
  readonly sentences: string[];
  readonly counts: [done: number, objects: number, seconds: number][];
  readonly reachable: boolean[];
  readonly end: ExecutionEnd;
}

async function watch(signal?: AbortSignal): Promise<Seen> {
  const sentences: string[] = [];
  const counts: Seen['counts'] = [];
  const reachable: boolean[] = [];
  const end = await watchExecution(
    laptop.deployment,
    arn,
    {
      happened: ({ sentence }) => void sentences.push(sentence),
      counted: ({ DONE }, objects, seconds) => void counts.push([DONE, objects, seconds]),
      reachable: (isReachable) => void reachable.push(isReachable),
    },
    signal,
    { lookMs: 10, pauseMs: 200 },
  );
  return { sentences, counts, reachable, end };
}

function note(executionArn: string): void {
  noteBatch(laptop, { state: 'OPEN', objects: 2, executionArn });
  for (const [objectId, state] of [
    ['pgjtpcggkqndjphcbhqhr', 'DONE'],
    ['qvrgvvtfhwtmmpbnrtdqr', 'CLAIMED'],
  ]) {
    laptop.aws.json.items.push({
      batchId,
      item: `OBJECT#${objectId}`,
      state,
      registeredAt: 'x',
      sizeBytes: 1,
    });
  }
}

describe('watching an execution', () => {
  it('tells every event once, in order, however many looks and pages it takes', async () => {
    const { sentences, end } = await watch();

    expect(looks).toBe(4);
    expect(sentences).toHaveLength(14);
    expect(new Set(sentences).size).toBe(14);
    expect(sentences.at(-1)).toBe('execution failed: WorkerLostError');
    expect(end).toEqual({
      status: 'FAILED',
      batchId,
      error: 'WorkerLostError',
      cause: 'no worker left',
      transitions: 7,
      seconds: 60,
    });
  });

  it('counts the objects of the batch', async () => {
    note(arn);

    const { counts } = await watch();

    expect(counts.at(-1)).toEqual([1, 2, 60]);
  });

  it('does not count the objects of a batch that another execution runs', async () => {
    note(arn.replace('run-1', 'run-0'));

    expect((await watch()).counts).toEqual([]);
  });

  it('sits out a network that is gone for a while, and says so', async () => {
    const describe = laptop.aws.json.answers.DescribeExecution!;
    let outage = 2;
    laptop.aws.json.answers.DescribeExecution = (input) =>
      looks === 2 && (outage -= 1) >= 0 ? 'drop' : describe(input);

    const { reachable, sentences } = await watch();

    expect(reachable).toEqual([false, true]);
    expect(sentences).toHaveLength(14);
  });

  it('knows that an execution may be unknown in its first seconds', async () => {
    const describe = laptop.aws.json.answers.DescribeExecution!;
    let unknown = 1;
    laptop.aws.json.answers.DescribeExecution = (input) => {
      if ((unknown -= 1) >= 0) throw new ServiceError('ExecutionDoesNotExist');
      return describe(input);
    };

    expect((await watch()).sentences).toHaveLength(14);
  });

  it('ends with a plain sentence where there is no such execution', async () => {
    laptop.aws.json.answers.DescribeExecution = () => {
      throw new ServiceError('ExecutionDoesNotExist');
    };

    await expect(watch()).rejects.toThrow(new UserError('badInput', 'there is no such execution'));
  });

  it('does not go on where it is denied', async () => {
    laptop.aws.json.answers.GetExecutionHistory = () => {
      throw new ServiceError('AccessDeniedException');
    };

    await expect(watch()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('ends at once when it is aborted', async () => {
    const started = performance.now();

    laptop.aws.json.answers.DescribeExecution = () => ({ executionArn: arn, status: 'RUNNING' });

    await expect(watch(AbortSignal.timeout(200))).rejects.toThrow();

    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
