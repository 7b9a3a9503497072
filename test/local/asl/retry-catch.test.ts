import { describe, expect, test } from 'vitest';
import { matchesError, RetryPolicy } from '../../../local/asl/retry.ts';
import { runScripted, type Behaviour } from '../../../local/asl/scripted.ts';
import type { Retrier } from '../../../local/asl/model.ts';
import { detailsOf, FUNCTION, lines, machine, start, START, typesOf } from './harness.ts';
import { TaskFailedError } from '../../../local/asl/failure.ts';

const TASK = { Type: 'Task', Resource: FUNCTION, End: true };
const END = { Type: 'Pass', End: true };

function raise(errorType: string): Behaviour {
  return { kind: 'raise', errorType, errorMessage: '' };
}

function retrier(fields: Partial<Retrier>): Retrier {
  return {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 1,
    MaxAttempts: 3,
    BackoffRate: 2,
    JitterStrategy: 'NONE',
    ...fields,
  };
}

function delays(policy: RetryPolicy, error = 'E'): (number | undefined)[] {
  return Array.from({ length: 5 }, () => policy.nextDelayMs({ error }));
}

describe('RetryPolicy', () => {
  test('doubles the interval three times by default', () => {
    expect(delays(new RetryPolicy([retrier({})], Math.random))).toEqual([
      1000,
      2000,
      4000,
      undefined,
      undefined,
    ]);
  });

  test('holds at MaxDelaySeconds', () => {
    const policy = new RetryPolicy(
      [retrier({ IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 4 })],
      Math.random,
    );

    expect(delays(policy)).toEqual([2000, 6000, 10_000, 10_000, undefined]);
  });

  test('with full jitter waits any part of the delay', () => {
    const numbers = [0, 0.5, 0.999];

    const policy = new RetryPolicy(
      [retrier({ JitterStrategy: 'FULL' })],
      () => numbers.shift() ?? 0,
    );

    expect(delays(policy).slice(0, 3)).toEqual([0, 1000, 3996]);
  });

  test('lets the first retrier that names the error decide, even when its attempts are used up', () => {
    const policy = new RetryPolicy(
      [
        retrier({ ErrorEquals: ['Never'], MaxAttempts: 0 }),
        retrier({ ErrorEquals: ['Once'], MaxAttempts: 1 }),
        retrier({ MaxAttempts: 9 }),
      ],
      Math.random,
    );

    expect(policy.nextDelayMs({ error: 'Never' })).toBeUndefined();
    expect(policy.nextDelayMs({ error: 'Once' })).toBe(1000);
    expect(policy.nextDelayMs({ error: 'Once' })).toBeUndefined();
    expect(policy.nextDelayMs({ error: 'Other' })).toBe(1000);
  });
});

describe('an error name', () => {
  test.each([
    ['States.ALL', {}, true],
    ['States.ALL', { error: 'States.DataLimitExceeded' }, true],
    ['States.TaskFailed', { error: 'Anything' }, true],
    ['States.TaskFailed', { error: 'States.Timeout' }, false],
    ['Anything', { error: 'Anything' }, true],
    ['Any', { error: 'Anything' }, false],
  ])('%s against %j: %s', (name, failure, matches) => {
    expect(matchesError([name], failure)).toBe(matches);
  });
});

describe('Retry', () => {
  test('repeats the task, shows the count, and leaves when it succeeds', async () => {
    const { output, events } = await runScripted({
      definition: machine({
        A: {
          ...TASK,
          Arguments: '{% $states.context.State.RetryCount %}',
          Retry: [{ ErrorEquals: ['BusyError'], MaxAttempts: 5 }],
        },
      }),
      lambdas: {
        [FUNCTION]: {
          kind: 'sequence',
          steps: [raise('BusyError'), raise('BusyError'), { kind: 'echo' }],
        },
      },
    });

    expect(output).toBe('2');
    expect(typesOf(events).filter((type) => type === 'LambdaFunctionFailed')).toHaveLength(2);
  });

  test('waits as long as the delays say, on virtual time', async () => {
    const { execution, clock } = start(
      machine({
        A: {
          ...TASK,
          Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 10, JitterStrategy: 'FULL' }],
        },
      }),
      { run: () => Promise.reject(new TaskFailedError({ error: 'E' })), random: () => 0.5 },
    );

    await clock.runUntilIdle();

    expect((await execution.done).error).toBe('E');
    expect((clock.now().getTime() - START.getTime()) / 1000).toBe(5 + 10 + 20);
  });

  test('comes before Catch, which sees the last failure', async () => {
    const { output, events } = await runScripted({
      definition: machine({
        A: {
          ...TASK,
          Retry: [{ ErrorEquals: ['FirstError'], MaxAttempts: 1 }],
          Catch: [
            { ErrorEquals: ['FirstError'], Next: 'Wrong' },
            {
              ErrorEquals: ['SecondError'],
              Next: 'Right',
              Assign: { seen: '{% $states.errorOutput.Error %}' },
              Output: '{% $states.input %}',
            },
          ],
        },
        Wrong: END,
        Right: { ...END, Output: ['{% $states.input %}', '{% $seen %}'] },
      }),
      input: { n: 1 },
      lambdas: {
        [FUNCTION]: { kind: 'sequence', steps: [raise('FirstError'), raise('SecondError')] },
      },
    });

    expect(JSON.parse(output!)).toEqual([{ n: 1 }, 'SecondError']);
    expect(detailsOf(events.find(({ type }) => type === 'TaskStateExited'))).toMatchObject({
      assignedVariables: { seen: '"SecondError"' },
    });
  });

  test('also repeats a state whose own expressions fail', async () => {
    const { error, events } = await runScripted({
      definition: machine({
        A: {
          ...TASK,
          Arguments: '{% $nothing %}',
          Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1 }],
        },
      }),
    });

    expect(error).toBe('States.QueryEvaluationError');
    expect(typesOf(events)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'EvaluationFailed',
      'EvaluationFailed',
      'ExecutionFailed',
    ]);
  });
});

describe('Catch', () => {
  test('hands on the error output when it has no Output', async () => {
    const { output } = await runScripted({
      definition: machine({
        A: { ...TASK, Catch: [{ ErrorEquals: ['Lambda.ResourceNotFoundException'], Next: 'B' }] },
        B: { ...END, Output: '{% $keys($states.input) %}' },
      }),
    });

    expect(JSON.parse(output!)).toEqual(['Error', 'Cause']);
  });

  test('leaves what no catcher names to the execution', async () => {
    const { status, error } = await runScripted({
      definition: machine({
        A: { ...TASK, Catch: [{ ErrorEquals: ['Other'], Next: 'B' }] },
        B: END,
      }),
      lambdas: { [FUNCTION]: raise('BusyError') },
    });

    expect({ status, error }).toEqual({ status: 'FAILED', error: 'BusyError' });
  });

  test('that fails itself fails the state a second time', async () => {
    const { error, events } = await runScripted({
      definition: machine({
        P: {
          Type: 'Parallel',
          Branches: [{ StartAt: 'F', States: { F: { Type: 'Fail', Error: 'BoomError' } } }],
          Catch: [
            { ErrorEquals: ['Other'], Next: 'B' },
            { ErrorEquals: ['States.ALL'], Output: { v: '{% $nothing %}' }, Next: 'B' },
          ],
          Next: 'B',
        },
        B: END,
      }),
    });

    expect(error).toBe('States.QueryEvaluationError');
    expect(detailsOf(events[5])).toMatchObject({ location: 'Catch[1]/Output/v', state: 'P' });
    expect(lines(events).slice(3)).toEqual([
      '4<3 FailStateEntered F',
      '5<4 ParallelStateFailed',
      '6<4 EvaluationFailed',
      '7<6 ParallelStateFailed',
      '8<7 ExecutionFailed',
    ]);
  });

  test('cannot catch States.Runtime, not even by name', async () => {
    const noWayOut = { Type: 'Choice', Choices: [{ Condition: false, Next: 'X' }] };
    const { error, events } = await runScripted({
      definition: machine({
        P: {
          Type: 'Parallel',
          Branches: [{ StartAt: 'C', States: { C: noWayOut, X: END } }],
          Retry: [{ ErrorEquals: ['States.Runtime'] }],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
          Next: 'B',
        },
        B: END,
      }),
    });

    expect(error).toBe('States.Runtime');
    expect(lines(events).slice(3)).toEqual(['4<3 ChoiceStateEntered C', '5<4 ExecutionFailed']);
  });
});
