import { describe, expect, test } from 'vitest';
import { runScripted } from '../../../local/asl/scripted.ts';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { detailsOf, FUNCTION, lines, machine, start, typesOf } from './harness.ts';

const END = { Type: 'Pass', End: true };

function wait(seconds: number | string) {
  return { Type: 'Wait', Seconds: seconds, End: true };
}

function branch(states: Record<string, unknown>) {
  return { StartAt: Object.keys(states)[0], States: states };
}

describe('Parallel', () => {
  test('gives every branch its Arguments and returns their outputs in order, whoever ends first', async () => {
    const { output } = await runScripted({
      definition: machine({
        P: {
          Type: 'Parallel',
          Arguments: { n: '{% $states.input.n * 2 %}' },
          Branches: [
            branch({ Slow: { ...wait(9), Output: '{% $states.input.n %}' } }),
            branch({ Fast: END }),
          ],
          Output: { sum: '{% $states.result[0] + $states.result[1].n %}' },
          End: true,
        },
      }),
      input: { n: 5 },
    });

    expect(JSON.parse(output!)).toEqual({ sum: 20 });
  });

  test('lets a failing branch cut the others, and records what it cut in the order AWS does', async () => {
    const signals: AbortSignal[] = [];
    const { execution, clock } = start(
      machine({
        P: {
          Type: 'Parallel',
          Branches: [
            branch({
              Pause: { ...wait(3), End: undefined, Next: 'Boom' },
              Boom: { Type: 'Fail', Error: 'BoomError' },
            }),
            branch({ Long: wait(60) }),
            branch({ Call: { Type: 'Task', Resource: FUNCTION, End: true } }),
            branch({ Done: END }),
          ],
          End: true,
        },
      }),
      {
        run: ({ signal }: TaskCall) => {
          signals.push(signal);
          return new Promise(() => undefined);
        },
      },
    );

    await clock.runUntilIdle();

    expect((await execution.done).error).toBe('BoomError');
    expect(signals[0]?.aborted).toBe(true);
    const failed = typesOf(execution.history).indexOf('FailStateEntered');
    const id = execution.history[failed]?.id ?? 0;
    expect(lines(execution.history).slice(failed + 1)).toEqual([
      `${id + 1}<${id} WaitStateAborted`,
      `${id + 2}<${id} TaskStateAborted`,
      `${id + 3}<${id} ParallelStateFailed`,
      `${id + 4}<${id + 3} ExecutionFailed`,
    ]);
  });

  test('records nothing of a cut branch afterwards, even when the execution goes on', async () => {
    const { output, events } = await runScripted({
      definition: machine({
        P: {
          Type: 'Parallel',
          Branches: [
            branch({ Boom: { Type: 'Fail', Error: 'BoomError' } }),
            branch({ Long: { ...wait(60), Output: 'late' } }),
          ],
          Catch: [{ ErrorEquals: ['BoomError'], Next: 'Later' }],
          End: true,
        },
        Later: { ...wait(600), Output: 'caught' },
      }),
    });

    expect(output).toBe('"caught"');
    expect(typesOf(events).filter((type) => type === 'WaitStateExited')).toHaveLength(1);
  });

  test('starts all branches again on a retry', async () => {
    const { events } = await runScripted({
      definition: machine({
        P: {
          Type: 'Parallel',
          Branches: [branch({ A: END }), branch({ F: { Type: 'Fail', Error: 'BoomError' } })],
          Retry: [{ ErrorEquals: ['BoomError'], MaxAttempts: 1 }],
          End: true,
        },
      }),
    });

    const types = typesOf(events);
    expect(types.filter((type) => type === 'ParallelStateStarted')).toHaveLength(2);
    expect(types.filter((type) => type === 'ParallelStateFailed')).toHaveLength(1);
    expect(types.filter((type) => type === 'PassStateExited')).toHaveLength(2);
  });
});

describe('Map', () => {
  const PROCESSOR = branch({ Item: END });

  test('iterates over its input when it has no Items', async () => {
    const { output } = await runScripted({
      definition: machine({ M: { Type: 'Map', ItemProcessor: PROCESSOR, End: true } }),
      input: [1, [2], null],
    });

    expect(output).toBe('[1,[2],null]');
  });

  test('shows index and value to the selector and to every state inside', async () => {
    const item = '{% $states.context.Map.Item %}';
    const { output } = await runScripted({
      definition: machine({
        M: {
          Type: 'Map',
          Items: ['a', 'b'],
          ItemSelector: {
            selected: '{% $states.context.Map.Item.Index %}',
            batch: '{% $states.input.batch %}',
          },
          ItemProcessor: branch({ I: { ...END, Output: { in: '{% $states.input %}', item } } }),
          End: true,
        },
      }),
      input: { batch: 'b1' },
    });

    expect(JSON.parse(output!)).toEqual([
      { in: { selected: 0, batch: 'b1' }, item: { Index: 0, Value: 'a' } },
      { in: { selected: 1, batch: 'b1' }, item: { Index: 1, Value: 'b' } },
    ]);
  });

  test.each([
    [1, 50],
    [2, 30],
    ['{% 3 %}', 20],
    [0, 10],
  ])(
    'with MaxConcurrency %s takes %i seconds for five items of ten',
    async (MaxConcurrency, seconds) => {
      const { execution, clock } = start(
        machine({
          M: {
            Type: 'Map',
            Items: [1, 2, 3, 4, 5],
            MaxConcurrency,
            ItemProcessor: branch({ W: wait(10) }),
            End: true,
          },
        }),
      );
      const before = clock.now().getTime();

      await clock.runUntilIdle();

      expect((await execution.done).output).toBe('[1,2,3,4,5]');
      expect((clock.now().getTime() - before) / 1000).toBe(seconds);
    },
  );

  test('never runs more than the 40 iterations at once that AWS runs', async () => {
    const { execution, clock } = start(
      machine({
        M: {
          Type: 'Map',
          Items: '{% [1..100] %}',
          ItemProcessor: branch({ W: wait(10) }),
          End: true,
        },
      }),
    );

    await clock.advance(0);

    expect(
      typesOf(execution.history).filter((type) => type === 'MapIterationStarted'),
    ).toHaveLength(40);
  });

  test('lets one failing iteration abort the others, and records it as measured on AWS', async () => {
    const { execution, clock } = start(
      machine({
        M: {
          Type: 'Map',
          ItemProcessor: branch({
            Route: {
              Type: 'Choice',
              Choices: [{ Condition: "{% $states.input = 'fail' %}", Next: 'Pause' }],
              Default: 'Long',
            },
            Long: wait(15),
            Pause: { Type: 'Wait', Seconds: 1, Next: 'Boom' },
            Boom: { Type: 'Fail', Error: 'BoomError' },
          }),
          End: true,
        },
      }),
      { input: ['long', 'fail'] },
    );

    await clock.runUntilIdle();

    const failed = typesOf(execution.history).indexOf('FailStateEntered');
    const id = execution.history[failed]?.id ?? 0;
    expect(lines(execution.history).slice(failed + 1)).toEqual([
      `${id + 1}<${id} MapIterationAborted M 0`,
      `${id + 2}<${id} WaitStateAborted`,
      `${id + 3}<${id} MapIterationFailed M 1`,
      `${id + 4}<${id} MapStateFailed`,
      `${id + 5}<${id + 4} ExecutionFailed`,
    ]);
  });

  test('aborts a Task that fails its iteration, as in a Parallel', async () => {
    const { events } = await runScripted({
      definition: machine({
        M: {
          Type: 'Map',
          Items: [1],
          ItemProcessor: branch({ T: { Type: 'Task', Resource: FUNCTION, End: true } }),
          End: true,
        },
      }),
    });

    expect(lines(events).slice(7)).toEqual([
      '8<7 LambdaFunctionFailed',
      '9<8 TaskStateAborted',
      '10<8 MapIterationFailed M 0',
      '11<8 MapStateFailed',
      '12<11 ExecutionFailed',
    ]);
  });

  test('starts no further item after one failed', async () => {
    const { events } = await runScripted({
      definition: machine({
        M: {
          Type: 'Map',
          Items: [1, 2, 3],
          MaxConcurrency: 1,
          ItemProcessor: branch({ F: { Type: 'Fail', Error: 'BoomError' } }),
          End: true,
        },
      }),
    });

    expect(typesOf(events).filter((type) => type === 'MapIterationStarted')).toHaveLength(1);
  });

  test('aborts what a cut iteration has nested', async () => {
    const { events } = await runScripted({
      definition: machine({
        M: {
          Type: 'Map',
          Items: [{ inner: [1] }, { inner: 0 }],
          ItemProcessor: branch({
            Inner: {
              Type: 'Map',
              Items: '{% $states.input.inner %}',
              ItemProcessor: branch({ W: wait(60) }),
              End: true,
            },
          }),
          End: true,
        },
      }),
    });

    expect(lines(events).filter((line) => line.includes('Aborted'))).toEqual([
      expect.stringContaining('MapIterationAborted M 0'),
      expect.stringContaining('MapStateAborted'),
      expect.stringContaining('MapIterationAborted Inner 0'),
      expect.stringContaining('WaitStateAborted'),
    ]);
  });

  test('tolerates nothing, and says so, where it is told to tolerate failures', async () => {
    const { error, cause } = await runScripted({
      definition: machine({
        M: {
          Type: 'Map',
          Items: [1],
          ToleratedFailurePercentage: 50,
          ItemProcessor: branch({ F: { Type: 'Fail', Error: 'BoomError' } }),
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
          Next: 'B',
        },
        B: END,
      }),
    });

    expect(error).toBe('States.Runtime');
    expect(cause).toContain('ToleratedFailurePercentage is supported only while none does');
  });

  test.each([
    ['MaxConcurrency', '{% -1 %}'],
    ['ToleratedFailureCount', '{% 1.5 %}'],
    ['ToleratedFailurePercentage', '{% 101 %}'],
    ['ItemSelector', '{% $nothing %}'],
  ])('fails on %s %s', async (field, value) => {
    const { error, events } = await runScripted({
      definition: machine({
        M: { Type: 'Map', Items: [1], [field]: value, ItemProcessor: PROCESSOR, End: true },
      }),
    });

    expect(error).toBe('States.QueryEvaluationError');
    expect(detailsOf(events.find(({ type }) => type === 'EvaluationFailed'))).toMatchObject({
      location: field,
      state: 'M',
    });
  });
});

describe('variables', () => {
  test('of an outer scope are read inside; those assigned inside end with their branch', async () => {
    const { output } = await runScripted({
      definition: machine({
        A: { Type: 'Pass', Assign: { outer: 10 }, Next: 'M' },
        M: {
          Type: 'Map',
          Items: [1, 2],
          ItemProcessor: branch({
            Set: { Type: 'Pass', Assign: { mine: '{% $outer + $states.input %}' }, Next: 'Pause' },
            Pause: { Type: 'Wait', Seconds: 1, Next: 'Read' },
            Read: { ...END, Output: '{% $mine %}' },
          }),
          Next: 'B',
        },
        B: { ...END, Output: ['{% $states.input %}', '{% $exists($mine) %}', '{% $outer %}'] },
      }),
    });

    expect(JSON.parse(output!)).toEqual([[11, 12], false, 10]);
  });

  test('of parallel branches do not see each other', async () => {
    const { output } = await runScripted({
      definition: machine({
        P: {
          Type: 'Parallel',
          Branches: [
            branch({
              A: { Type: 'Pass', Assign: { x: 'a' }, Next: 'A2' },
              A2: { ...wait(2), Output: '{% $x %}' },
            }),
            branch({
              B: { Type: 'Pass', Assign: { x: 'b' }, Next: 'B2' },
              B2: { ...wait(1), Output: '{% $x %}' },
            }),
          ],
          End: true,
        },
      }),
    });

    expect(output).toBe('["a","b"]');
  });
});
