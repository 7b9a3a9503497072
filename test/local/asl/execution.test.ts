import { describe, expect, test } from 'vitest';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { runScripted } from '../../../local/asl/scripted.ts';
import { detailsOf, FUNCTION, lines, machine, start, START, typesOf } from './harness.ts';

const END = { Type: 'Pass', End: true };
const WAIT = { Type: 'Wait', Seconds: 3600, End: true };
const TASK = { Type: 'Task', Resource: FUNCTION, End: true };

describe('an execution', () => {
  test('returns before it enters its first state, and reports every event as it is written', async () => {
    const seen: string[] = [];
    const { execution, clock } = start(machine({ A: END }), {
      onEvent: ({ type }) => seen.push(type),
    });

    const atStart = typesOf(execution.history);
    await clock.runUntilIdle();

    expect(atStart).toEqual(['ExecutionStarted']);
    expect(seen).toEqual(typesOf(execution.history));
    expect(seen.at(-1)).toBe('ExecutionSucceeded');
  });

  test('writes JSON texts, dates and ids as GetExecutionHistory returns them', async () => {
    const { execution, clock } = start(machine({ A: { ...END, Assign: { n: [1] } } }), {
      input: { a: 1 },
    });

    await clock.runUntilIdle();

    expect(execution.history).toEqual([
      {
        id: 1,
        previousEventId: 0,
        timestamp: START,
        type: 'ExecutionStarted',
        executionStartedEventDetails: {
          input: '{"a":1}',
          inputDetails: { truncated: false },
          roleArn: 'arn:aws:iam::111111111111:role/batch',
        },
      },
      {
        id: 2,
        previousEventId: 0,
        timestamp: START,
        type: 'PassStateEntered',
        stateEnteredEventDetails: {
          name: 'A',
          input: '{"a":1}',
          inputDetails: { truncated: false },
        },
      },
      {
        id: 3,
        previousEventId: 2,
        timestamp: START,
        type: 'PassStateExited',
        stateExitedEventDetails: {
          name: 'A',
          output: '{"a":1}',
          outputDetails: { truncated: false },
          assignedVariables: { n: '[1]' },
          assignedVariablesDetails: { truncated: false },
        },
      },
      {
        id: 4,
        previousEventId: 3,
        timestamp: START,
        type: 'ExecutionSucceeded',
        executionSucceededEventDetails: { output: '{"a":1}', outputDetails: { truncated: false } },
      },
    ]);
  });

  test('fails at event 25,000 of an endless loop, as AWS does', async () => {
    const { status, error, cause, events } = await runScripted({
      definition: machine({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } }),
    });

    expect({ status, error, cause }).toEqual({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    expect(events).toHaveLength(25_000);
    expect(lines(events.slice(-1))).toEqual(['25000<24999 ExecutionFailed']);
  });
});

test('fails at the limit at once, though another branch would still wait', async () => {
  const { execution, clock } = start(
    machine({
      M: {
        Type: 'Map',
        Items: ['loop', 'wait'],
        ItemProcessor: {
          StartAt: 'Which',
          States: {
            Which: {
              Type: 'Choice',
              Choices: [{ Condition: "{% $states.input = 'wait' %}", Next: 'Wait' }],
              Default: 'Loop',
            },
            Wait: WAIT,
            Loop: { Type: 'Pass', Next: 'Again' },
            Again: { Type: 'Pass', Next: 'Loop' },
          },
        },
        End: true,
      },
    }),
  );

  await clock.runUntilIdle();

  expect((await execution.done).error).toBe('States.Runtime');
  expect(execution.history).toHaveLength(25_000);
  expect(clock.now()).toEqual(START);
});

describe('stopping', () => {
  test('cuts everything in flight and writes ExecutionAborted last', async () => {
    const calls: TaskCall[] = [];
    const { execution, clock } = start(
      machine({
        P: {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'W', States: { W: WAIT } },
            { StartAt: 'T', States: { T: { ...TASK, TimeoutSeconds: 60 } } },
            {
              StartAt: 'M',
              States: {
                M: {
                  Type: 'Map',
                  Items: [1, 2],
                  ItemProcessor: { StartAt: 'I', States: { I: WAIT } },
                  End: true,
                },
              },
            },
          ],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }],
          Next: 'After',
        },
        After: END,
      }),
      {
        run: (call) => {
          calls.push(call);
          return new Promise(() => undefined);
        },
      },
    );
    await clock.advance(10_000);

    execution.abort('Operator.Stop', 'by hand');
    await clock.runUntilIdle();

    expect(await execution.done).toEqual({
      status: 'ABORTED',
      error: 'Operator.Stop',
      cause: 'by hand',
    });
    expect(lines(execution.history.slice(-1))[0]).toMatch(/^\d+<0 ExecutionAborted$/);
    expect(detailsOf(execution.history.at(-1))).toEqual({
      error: 'Operator.Stop',
      cause: 'by hand',
    });
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(clock.now().getTime() - START.getTime()).toBe(10_000);
  });

  test('is recorded without error and cause when none are given', async () => {
    const { execution, clock } = start(machine({ A: WAIT }));
    await clock.advance(0);

    execution.abort();

    expect(await execution.done).toEqual({ status: 'ABORTED' });
    expect(execution.history.at(-1)?.executionAbortedEventDetails).toEqual({});
  });

  test('does nothing to an execution that has ended', async () => {
    const { execution, clock } = start(machine({ A: END }));
    await clock.runUntilIdle();
    const before = execution.history.length;

    execution.abort('late');

    expect((await execution.done).status).toBe('SUCCEEDED');
    expect(execution.history).toHaveLength(before);
  });

  test('records nothing of a task that answers afterwards', async () => {
    let answer: (result: null) => void = () => undefined;
    const { execution, clock } = start(machine({ A: TASK }), {
      run: () => new Promise((resolve) => (answer = resolve)),
    });
    await clock.advance(0);

    execution.abort();
    answer(null);
    await clock.runUntilIdle();

    expect(typesOf(execution.history).at(-1)).toBe('ExecutionAborted');
  });
});

describe('TimeoutSeconds of the machine', () => {
  test('ends it TIMED_OUT without asking any Catch', async () => {
    const { execution, clock } = start(
      machine(
        {
          A: {
            ...TASK,
            Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
            Next: 'B',
            End: undefined,
          },
          B: END,
        },
        { TimeoutSeconds: 30 },
      ),
      { run: () => new Promise(() => undefined) },
    );

    await clock.runUntilIdle();

    expect(await execution.done).toEqual({ status: 'TIMED_OUT', error: 'States.Timeout' });
    expect(clock.now().getTime() - START.getTime()).toBe(30_000);
    expect(lines(execution.history.slice(-1))[0]).toMatch(/^\d+<0 ExecutionTimedOut$/);
  });

  test('does not hold up an execution that ends before', async () => {
    const { execution, clock } = start(machine({ A: END }, { TimeoutSeconds: 86_400 }));

    await clock.runUntilIdle();

    expect((await execution.done).status).toBe('SUCCEEDED');
    expect(clock.now()).toEqual(START);
  });
});

test('a script that waits for what nobody sends is aborted instead of hanging', async () => {
  const { status, error } = await runScripted({
    definition: machine({
      A: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Arguments: { FunctionName: 'work' },
        End: true,
      },
    }),
    lambdas: { [FUNCTION]: { kind: 'echo' } },
  });

  expect({ status, error }).toEqual({ status: 'ABORTED', error: 'Scripted.NothingLeftToHappen' });
});
